// The fast forward pass: against other people's logits, and against itself alone.

#include "llm/open_runner.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/scratch_folder.h"
#include "base/test_data.h"
#include "data/quants.h"
#include "llm/models/family_goldens.h"
#include "llm/models/gguf_to_hf.h"
#include "llm/models/hf_to_gguf.h"
#include "llm/models/made_up_folder.h"
#include "llm/models/reference.h"
#include "llm/simulation.h"

namespace mill::llm {
namespace {

std::shared_ptr<const ModelDescription> described(const std::filesystem::path& path) {
  auto file = open_model_file(path);
  REQUIRE_MESSAGE(file.has_value(), path.string());
  auto description = describe_model(std::make_shared<ModelFile>(std::move(*file)));
  REQUIRE_MESSAGE(description.has_value(), description.error().message);
  return std::make_shared<ModelDescription>(std::move(*description));
}

std::unique_ptr<Runner> opened(std::shared_ptr<const ModelDescription> model,
                               const RunnerOptions& options) {
  auto runner = open_runner(std::move(model), options);
  REQUIRE_MESSAGE(runner.has_value(), runner.error().message);
  return std::move(*runner);
}

// Logits of all tokens, given in chunks.
std::vector<float> logits_of(Runner& runner, std::span<const TokenId> tokens, size_t chunk) {
  std::vector<BlockId> blocks;  // any order must do
  for (uint32_t b = runner.block_count(); b > 0; --b) blocks.push_back(b - 1);
  std::vector<float> logits(tokens.size() * runner.vocab_size());
  for (size_t at = 0; at < tokens.size(); at += chunk) {
    const auto part = tokens.subspan(at, std::min(chunk, tokens.size() - at));
    const BatchPiece piece{part, static_cast<uint32_t>(at), blocks,
                           static_cast<uint32_t>(part.size())};
    runner.step({&piece, 1}, std::span(logits).subspan(at * runner.vocab_size(),
                                                       part.size() * runner.vocab_size()));
  }
  return logits;
}

// Under a sanitizer every eighth golden stands for the others.
std::vector<FamilyGolden> goldens() {
  std::vector<FamilyGolden> all = family_goldens(TOKENMILL_SOURCE_DIR);
  if (!test_data::kSanitized) return all;
  std::vector<FamilyGolden> some;
  for (size_t i = 0; i < all.size(); i += 8) some.push_back(all[i]);
  return some;
}

RunnerOptions tiny(kernels::KvType type, unsigned threads = 2) {
  return {.threads = threads, .context_tokens = 256, .kv_tokens = 256, .kv_type = type};
}

}  // namespace

TEST_CASE("every family gives the logits of Hugging Face transformers") {
  for (const FamilyGolden& golden : goldens()) {
    const auto runner = opened(described(golden.model), tiny(kernels::KvType::f32));
    const double error = golden.error_of(logits_of(*runner, golden.tokens, golden.tokens.size()));
    INFO(golden.name, ": ", error);
    CHECK(error <= 1e-4);
  }
}

TEST_CASE("a folder that became a GGUF and a folder again computes the same bits") {
  for (const FamilyGolden& golden : goldens()) {
    if (!std::filesystem::is_directory(golden.model)) continue;
    INFO(golden.name);
    const auto folder = made_up::golden_folder(golden, "open_runner_converted");
    REQUIRE(convert_hf_folder(folder, folder / "out.gguf", {.dtype = DType::F32}));
    REQUIRE(convert_to_hf_folder(folder / "out.gguf", folder / "back", {.dtype = DType::F16}));
    const auto before = opened(described(golden.model), tiny(kernels::KvType::f32)),
               after = opened(described(folder / "back"), tiny(kernels::KvType::f32));
    CHECK(logits_of(*before, golden.tokens, 16) == logits_of(*after, golden.tokens, 16));
  }
}

namespace {

// The folder with its numbers one byte further on, where no float may be read in place.
std::filesystem::path misaligned(const std::filesystem::path& folder, const std::string& name) {
  const auto copy = test_data::empty_folder(name);
  std::filesystem::copy(folder, copy);
  std::ifstream in(folder / "model.safetensors", std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  const size_t end = sizeof header + header;
  ++header;
  std::memcpy(bytes.data(), &header, sizeof header);
  std::ofstream(copy / "model.safetensors", std::ios::binary)
      << bytes.substr(0, end) << ' ' << bytes.substr(end);
  return copy;
}

}  // namespace

// In F32 an embedding of this size has a whole page inside, wherever it lies.
TEST_CASE("tensors that had to be copied to be aligned compute the same bits") {
  for (const FamilyGolden& golden : goldens()) {
    if (!std::filesystem::is_directory(golden.model)) continue;
    INFO(golden.name);
    const auto folder = made_up::golden_folder(golden, "open_runner_misaligned");
    REQUIRE(convert_hf_folder(folder, folder / "out.gguf", {.dtype = DType::F32}));
    REQUIRE(convert_to_hf_folder(folder / "out.gguf", folder / "back", {.dtype = DType::F32}));
    const auto copy = misaligned(folder / "back", "open_runner_misaligned_copy");
    const auto before = opened(described(golden.model), tiny(kernels::KvType::f32)),
               after = opened(described(copy), tiny(kernels::KvType::f32));
    CHECK(logits_of(*before, golden.tokens, 16) == logits_of(*after, golden.tokens, 16));
  }
}

TEST_CASE("chunks, threads, instruction sets and the place in the pool do not change a bit") {
  for (const FamilyGolden& golden : goldens()) {
    const auto model = described(golden.model);
    unsetenv("TOKENMILL_ISA");
    const auto whole =
        logits_of(*opened(model, tiny(kernels::KvType::f16)), golden.tokens, golden.tokens.size());
    for (const kernels::Ops* ops : kernels::available_ops()) {
      if (ops->name == "scalar_bf16") continue;  // no golden has weights in BF16
      setenv("TOKENMILL_ISA", std::string(ops->name).c_str(), 1);
      for (const unsigned threads : {1U, 3U}) {
        INFO(golden.name, " on ", ops->name, ", ", threads, " threads");
        const auto runner = opened(model, tiny(kernels::KvType::f16, threads));
        CHECK(logits_of(*runner, golden.tokens, threads == 1 ? 1 : 7) == whole);
      }
    }
    unsetenv("TOKENMILL_ISA");
  }
}

namespace {

// One opened model lent to many engines; what others left in its cache must not matter.
class Lent final : public Runner {
 public:
  Lent(Runner& owner, uint32_t blocks) : owner_(owner), blocks_(blocks) {}
  uint32_t vocab_size() const override { return owner_.vocab_size(); }
  uint32_t context_max() const override { return owner_.context_max(); }
  uint32_t block_count() const override { return blocks_; }
  uint32_t batch_tokens_max() const override { return owner_.batch_tokens_max(); }
  void copy(std::span<const BlockCopy> copies) override { owner_.copy(copies); }
  void step(std::span<const BatchPiece> pieces, std::span<float> logits) override {
    owner_.step(pieces, logits);
  }

 private:
  Runner& owner_;
  uint32_t blocks_;
};

std::string simulate(Runner& runner, World world, uint32_t seed) {
  world.runner = [&](uint32_t blocks) {
    REQUIRE(blocks <= runner.block_count());
    return std::make_unique<Lent>(runner, blocks);
  };
  world.vocabulary = {.piece = [](TokenId t) { return std::string(1, static_cast<char>(t)); },
                      .ends_generation = [](TokenId t) { return t == 2; }};
  return Simulation(world, seed).run();
}

}  // namespace

TEST_CASE("64 requests together give each the bytes that it gets alone") {
  for (const FamilyGolden& golden : goldens()) {
    const auto runner = opened(described(golden.model),
                               {.threads = 2, .context_tokens = 256, .kv_tokens = 6 * 256});
    INFO(golden.name);
    CHECK(simulate(*runner, World{}, 1) == "");
  }
}

TEST_CASE("the same with a real, quantised model") {
  if (test_data::kSanitized) {
    MESSAGE("skipped: minutes under a sanitizer, which sees the same code with the tiny models");
    return;
  }
  const auto path = test_data::model("TOKENMILL_MODEL", "SmolLM2-135M-Instruct.Q4_1.gguf");
  if (!path) {
    MESSAGE("skipped: no SmolLM2; `tokenmill pull default` fetches it");
    return;
  }
  const auto runner =
      opened(described(*path), {.threads = 2, .context_tokens = 256, .kv_tokens = 6 * 256});
  World world;
  world.prompt_max = 60;
  world.answer_max = 12;
  CHECK(simulate(*runner, std::move(world), 7) == "");
}

namespace {

// Σ p·(log p − log q) of the distributions that two rows of logits stand for.
double divergence(std::span<const float> a, std::span<const float> b) {
  const auto normalizer = [](std::span<const float> row) {
    double sum = 0;
    for (float v : row) sum += std::exp(static_cast<double>(v));
    return std::log(sum);
  };
  const double a_norm = normalizer(a);
  const double b_norm = normalizer(b);
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += std::exp(a[i] - a_norm) * ((a[i] - a_norm) - (b[i] - b_norm));
  return sum;
}

}  // namespace

TEST_CASE("a quantised model stays near the float32 evaluation of its own weights") {
  const auto path = test_data::model("TOKENMILL_MODEL", "SmolLM2-135M-Instruct.Q4_1.gguf");
  if (!path) {
    MESSAGE("skipped: no SmolLM2; `tokenmill pull default` fetches it");
    return;
  }
  const auto model = described(*path);
  const std::vector<TokenId> tokens = {504, 3575, 282, 4649, 314, 7042, 30};
  const auto runner = opened(model, tiny(kernels::KvType::f16));
  const auto fast = logits_of(*runner, tokens, tokens.size());
  const auto slow = reference_logits(*model, tokens);
  double sum = 0;
  const size_t vocab = runner->vocab_size();
  for (size_t t = 0; t < tokens.size(); ++t)
    sum += divergence(std::span(slow).subspan(t * vocab, vocab),
                      std::span(fast).subspan(t * vocab, vocab));
  CHECK(sum / static_cast<double>(tokens.size()) < 0.01);
}

TEST_CASE("a model that does not fit is refused with both numbers of bytes") {
  const auto model = described(family_goldens(TOKENMILL_SOURCE_DIR)[0].model);
  const auto refused = open_runner(model, {.context_tokens = 1 << 24, .kv_tokens = 4'000'000'000});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::exhausted);
  CHECK(refused.error().message.find("available") != std::string::npos);
  CHECK_FALSE(open_runner(model, {.context_tokens = 512, .kv_tokens = 64}).has_value());
}

}  // namespace mill::llm
