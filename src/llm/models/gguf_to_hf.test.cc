#include "llm/models/gguf_to_hf.h"

#include <doctest/doctest.h>

#include <fstream>
#include <memory>
#include <set>

#include "data/gguf_writer.h"
#include "data/model_file.h"
#include "data/tokenizer/tokenizer.h"
#include "llm/models/families.h"
#include "llm/models/hf_to_gguf.h"
#include "llm/models/made_up_folder.h"
#include "llm/models/reference.h"

namespace mill::llm {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace made_up;
using test_data::empty_folder;

ModelDescription describe(const fs::path& path) {
  auto file = open_model_file(path);
  REQUIRE_MESSAGE(file.has_value(), path.string(), ": ", file.error().message);
  auto model = describe_model(std::make_shared<const ModelFile>(std::move(*file)));
  REQUIRE_MESSAGE(model.has_value(), path.string(), ": ", model.error().message);
  return std::move(*model);
}

bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// folder -> folder/out.gguf -> folder/back
fs::path there_and_back(const fs::path& folder, DType through, DType back) {
  const auto there = convert_hf_folder(folder, folder / "out.gguf", {.dtype = through});
  REQUIRE_MESSAGE(there.has_value(), there.error().message);
  const auto again = convert_to_hf_folder(folder / "out.gguf", folder / "back", {.dtype = back});
  REQUIRE_MESSAGE(again.has_value(), again.error().message);
  return folder / "back";
}

// A made-up llama as a GGUF, with what `change` does to its metadata and tensors.
std::string error_of(const std::function<void(GgufWriter&)>& change) {
  const fs::path folder = empty_folder("gguf_to_hf_refused");
  write_folder(folder, config_of("LlamaForCausalLM"));
  REQUIRE(convert_hf_folder(folder, folder / "in.gguf", {.dtype = DType::F32}));
  const auto file = open_model_file(folder / "in.gguf");
  REQUIRE(file);
  GgufWriter writer;
  for (const auto& [key, value] : file->metadata) writer.set(key, value);
  for (const Tensor& tensor : file->tensors) writer.add(tensor);
  change(writer);
  REQUIRE(writer.write(folder / "out.gguf"));
  const auto result =
      convert_to_hf_folder(folder / "out.gguf", folder / "back", {.dtype = DType::F32});
  CHECK_FALSE(fs::exists(folder / "back"));
  return result ? "" : result.error().message;
}

Tensor zeros(const char* name, int64_t count) {
  static const std::vector<std::byte> bytes(1 << 10);
  return {.name = name,
          .dtype = DType::F32,
          .shape = {count},
          .bytes = std::span(bytes).first(static_cast<size_t>(count) * 4)};
}

}  // namespace

TEST_CASE("every family, there and back: the same tensors, byte for byte") {
  std::set<std::string> families;
  for (const FamilyGolden& golden : family_goldens(TOKENMILL_SOURCE_DIR)) {
    if (!fs::is_directory(golden.model)) continue;
    INFO(golden.name);
    const fs::path back =
        there_and_back(golden_folder(golden, "gguf_to_hf_golden"), DType::F32, DType::F16);
    const ModelDescription before = describe(golden.model), after = describe(back);
    CHECK(before.config == after.config);
    for (const Tensor& tensor : after.file->tensors) {
      INFO(tensor.name);
      const Tensor* same = before.file->find(tensor.name);
      REQUIRE(same != nullptr);
      CHECK(same->dtype == tensor.dtype);
      CHECK(same->shape == tensor.shape);
      CHECK(std::ranges::equal(same->bytes, tensor.bytes));
    }
    const size_t copies = before.file->find("lm_head.weight") != nullptr &&
                          after.file->find("lm_head.weight") == nullptr;
    CHECK(before.file->tensors.size() == after.file->tensors.size() + copies);
    families.insert(after.config.family);
  }
  CHECK(families.size() == family_table().size());
}

TEST_CASE("a quantised GGUF and its folder in float32 compute the same") {
  for (const char* name : {"llama3", "gemma3", "mixtral", "nemotron"}) {
    INFO(std::string(name));
    const FamilyGolden golden =
        load_family_golden(fs::path(TOKENMILL_SOURCE_DIR) / "tests/golden/families" / name);
    const fs::path folder = golden_folder(golden, "gguf_to_hf_quantised");
    const ModelDescription after = describe(there_and_back(folder, DType::Q8_0, DType::F32));
    const ModelDescription before = describe(folder / "out.gguf");
    const double error = golden.error_of(reference_logits(after, golden.tokens));
    CHECK(error == doctest::Approx(golden.error_of(reference_logits(before, golden.tokens))));
    CHECK(error > 0);
  }
}

TEST_CASE("settings: what begins, ends and fills, and the chat template") {
  const fs::path folder = empty_folder("gguf_to_hf_settings");
  write_folder(folder, config_of("LlamaForCausalLM"));
  const fs::path back = there_and_back(folder, DType::F32, DType::BF16);
  const auto read = [&](const char* name) { return json::parse(std::ifstream(back / name)); };
  const json config = read("config.json"), settings = read("tokenizer_config.json");
  CHECK(config["architectures"] == json::array({"LlamaForCausalLM"}));
  CHECK(config["torch_dtype"] == "bfloat16");
  CHECK(config["rms_norm_eps"] == 1e-5);
  CHECK(config["pad_token_id"] == nullptr);
  CHECK(settings["bos_token"] == "<s>");
  CHECK(settings["eos_token"] == "<x>");
  CHECK(settings["chat_template"] == "{{ messages }}");
  CHECK(settings["model_max_length"] == 64);
  CHECK(read("generation_config.json") == json{{"bos_token_id", 3}, {"eos_token_id", 4}});
  const json tokenizer = read("tokenizer.json");
  CHECK(tokenizer["model"]["merges"] == json::parse(R"([["a", "b"]])"));
  CHECK(tokenizer["model"]["vocab"].size() == 5);  // without the row that no token has
  const auto opened = Tokenizer::open(*open_model_file(back));
  REQUIRE(opened);
  CHECK(opened->encode("abb<s>") == std::vector<TokenId>{3, 2, 1, 3});
}

TEST_CASE("what a folder cannot say is refused by name, and leaves none") {
  CHECK(mentions(error_of([](GgufWriter& w) { w.add(zeros("blk.0.attn_sinks.weight", 2)); }),
                 "tensor blk.0.attn_sinks.weight has no place"));
  CHECK(mentions(
      error_of([](GgufWriter& w) {
        for (const char* name : {"blk.0.attn_q.bias", "blk.0.attn_k.bias", "blk.0.attn_v.bias"})
          w.add(zeros(name, std::string_view(name).find("_q") != std::string_view::npos ? 8 : 4));
      }),
      "some of the biases cannot be said"));
  static const float odd[] = {1.0F, 7.0F};
  CHECK(mentions(error_of([](GgufWriter& w) {
                   Tensor factors = zeros("rope_freqs.weight", 2);
                   factors.bytes = std::as_bytes(std::span(odd));
                   w.add(factors);
                   w.set("llama.rope.freq_base", 2.0);
                 }),
                 "factors do not follow Llama 3's rule"));
  CHECK(mentions(error_of([](GgufWriter& w) {
                   w.set("tokenizer.ggml.tokens",
                         std::vector<std::string_view>{"a", "b", "ab", "<s>", "<s>", "[PAD5]"});
                 }),
                 "token 4 is written \"<s>\", as another one is"));
  CHECK(mentions(
      error_of([](GgufWriter& w) { w.set("tokenizer.chat_template", std::string_view("\xFF")); }),
      "cannot be written"));
}

TEST_CASE("places and types that do not fit are refused before any work") {
  const fs::path folder = empty_folder("gguf_to_hf_places");
  write_folder(folder, config_of("LlamaForCausalLM"));
  const auto error = [](const fs::path& from, const fs::path& to, DType dtype) {
    const auto result = convert_to_hf_folder(from, to, {.dtype = dtype});
    return result ? "" : result.error().message;
  };
  CHECK(mentions(error(folder, folder / "out", DType::Q4_0), "F32, F16 or BF16, not Q4_0"));
  CHECK(mentions(error(folder, folder / "out", DType::F16), "is a Hugging Face folder already"));
  REQUIRE(convert_hf_folder(folder, folder / "in.gguf", {.dtype = DType::F32}));
  CHECK(mentions(error(folder / "in.gguf", folder, DType::F16), "is there already, and not empty"));
  CHECK(mentions(error(folder / "in.gguf", folder / "in.gguf", DType::F16), "and no folder"));
  const fs::path bare = fs::path(TOKENMILL_SOURCE_DIR) / "tests/golden/families/qwen3/model.gguf";
  CHECK(mentions(error(bare, folder / "out", DType::F16), "the tokenizer 'no_vocab' is not"));
  CHECK_FALSE(fs::exists(folder / "out"));
}

}  // namespace mill::llm
