#include "learn/needs.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "learn/lora.h"

namespace mill::learn {
namespace {

// SmolLM2-135M, without its numbers.
Decoder hollow() {
  Decoder model;
  model.config = {.vocab = 49152,
                  .width = 576,
                  .layers = 30,
                  .hidden = 1536,
                  .heads = 9,
                  .kv_heads = 3,
                  .head_dim = 64,
                  .context = 8192,
                  .norm_epsilon = 1e-5,
                  .frequencies = {},
                  .qk_norm = false,
                  .tied_embeddings = true};
  model.embedding = at::empty({49152, 576});
  model.final_norm = at::empty({576});
  return model;
}

constexpr int64_t kMiB = 1 << 20;

}  // namespace

TEST_CASE("learn: a training's memory is what one of SmolLM2 was measured to take") {
  Decoder model = hollow();
  const MemoryNeeds needs = memory_needs(model, {}, {.batch_tokens = 1021});
  // 2,325 MiB at its peak, of which 513 are weights and 56 those of adapters (docs/teaching.md).
  CHECK(needs.activations / kMiB == doctest::Approx(2325 - 513 - 56).epsilon(0.1));
  CHECK(memory_needs(model, {}, {.batch_tokens = 1021, .recompute = true}).activations <
        needs.activations / 5);
}

TEST_CASE("learn: too little memory is said with the setting that fits") {
  Decoder model = hollow();
  const auto told = [&](const TrainOptions& options, int64_t mib) {
    const auto fits = check_memory(model, {}, options, mib * kMiB);
    return fits ? "" : fits.error().message;
  };
  CHECK(told({.batch_tokens = 1024}, 4000).empty());
  CHECK(told({.batch_tokens = 1024}, 900).find("--recompute needs the least") != std::string::npos);
  CHECK(told({.batch_tokens = 8192, .recompute = true}, 500).find("--batch-tokens ") !=
        std::string::npos);
  Tensor wide = at::empty({4096, 4096});
  const std::vector<NamedTensor> many = {{"wide", &wide}};
  const auto all = check_memory(model, many, {.batch_tokens = 64}, 100 * kMiB);
  REQUIRE(!all.has_value());
  CHECK(all.error().message.find("--method lora") != std::string::npos);
  CHECK(memory_left() > 0);
}

}  // namespace mill::learn
