#include "llm/tune/mixes.h"

#include <doctest/doctest.h>

namespace mill::llm {

// By the rules of llama-quant.cpp, for the shapes of SmolLM2-135M and Llama-3.2-1B.
TEST_CASE("Q4_K_M gives some layers and the head more bits, and odd rows simple blocks") {
  const Mix* mix = mix_named("q4_k_m");
  REQUIRE(mix != nullptr);
  const MixShape small{.layers = 30, .tied = true}, untied{.layers = 16, .tied = false};
  CHECK(mixed_type(*mix, "token_embd.weight", 576, small) == DType::Q8_0);
  CHECK(mixed_type(*mix, "token_embd.weight", 2048, small) == DType::Q6_K);
  CHECK(mixed_type(*mix, "token_embd.weight", 2048, untied) == DType::Q4_K);
  CHECK(mixed_type(*mix, "output.weight", 2048, untied) == DType::Q6_K);
  CHECK(mixed_type(*mix, "blk.0.attn_q.weight", 576, small) == DType::Q5_0);
  CHECK(mixed_type(*mix, "blk.0.attn_v.weight", 576, small) == DType::Q8_0);
  CHECK(mixed_type(*mix, "blk.4.attn_v.weight", 576, small) == DType::Q5_0);
  CHECK(mixed_type(*mix, "blk.4.ffn_down.weight", 1536, small) == DType::Q4_K);
  CHECK(mixed_type(*mix, "blk.5.ffn_down.weight", 1536, small) == DType::Q6_K);
  CHECK(mixed_type(*mix, "blk.29.ffn_down.weight", 1536, small) == DType::Q6_K);
  CHECK(mix_named("Q4_K_XL") == nullptr);
}

}  // namespace mill::llm
