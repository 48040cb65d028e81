#include "apps/bench_cases.h"

#include <doctest/doctest.h>

#include "apps/bench_needs.h"

namespace mill::apps {
namespace {

std::string names_of(const std::vector<BenchCase>& cases) {
  std::string names;
  for (const BenchCase& c : cases) names += c.name + " ";
  return names;
}

TEST_CASE("cases are chosen by name, by beginning, or left to us") {
  CHECK(names_of(*choose_cases("", true)) == "prefill_512 decode_1 decode_16 ");
  CHECK(names_of(*choose_cases("decode_1,prefill_8k*", false)) ==
        "decode_1 prefill_8k prefill_8k_q8 ");
  const std::vector<BenchCase> ours = *choose_cases("", false);
  for (const BenchCase& c : ours) CHECK(c.depth == 0);
  CHECK(choose_cases("all", false)->size() > ours.size());
  const auto wrong = choose_cases("decode_1,abacus", false);
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().kind == ErrorKind::invalid);
  CHECK(wrong.error().message.find("abacus") != std::string::npos);
}

TEST_CASE("blocks are whole, and every stream has its own") {
  const BenchCase c{.name = "x", .answer = 32, .streams = 3};  // 33 positions in each
  CHECK(blocks_of(std::span(&c, 1)) == 6);
}

// One layer of width 4, one head of 2, and a head matrix of 8 rows, in f32.
struct Small {
  Tensor query{"q", DType::F32, {2, 4}, {}}, key{"k", DType::F32, {2, 4}, {}};
  Tensor value{"v", DType::F32, {2, 4}, {}}, output{"o", DType::F32, {4, 2}, {}};
  Tensor head{"h", DType::F32, {8, 4}, {}};
  std::vector<std::byte> storage = std::vector<std::byte>(8 * 4 * sizeof(float));
  llm::ModelDescription model;

  Small() {
    for (Tensor* t : {&query, &key, &value, &output, &head})
      t->bytes = std::span(storage).first(static_cast<size_t>(t->values()) * sizeof(float));
    model.config.layers = model.config.heads = model.config.kv_heads = 1;
    model.config.head_dim = 16;
    model.weights.head = &head;
    llm::LayerWeights layer;
    layer.query = &query;
    layer.key = &key;
    layer.value = &value;
    layer.output = &output;
    model.weights.layer = {layer};
  }
};

TEST_CASE("a decode reads every weight a step, and the cache before each token") {
  const Small small;
  const BenchCase c{.name = "x", .answer = 2, .streams = 3, .depth = 10};
  const Needs needs = needs_of(small.model, c);
  const double weights = (4 * 8 + 32) * 4, position = 2 * 16 * 2, seen = 3 * (11 + 12);
  CHECK(needs.bytes == doctest::Approx(2 * weights + seen * position));
  CHECK(needs.operations == doctest::Approx(2.0 * (32 + 32) * 6));
  CHECK(needs.attention_operations == doctest::Approx(4.0 * 16 * seen));
}

TEST_CASE("a prefill reads every weight once, and only its last token goes through the head") {
  const Small small;
  const BenchCase c{.name = "x", .prompt = 4};
  const Needs needs = needs_of(small.model, c);
  CHECK(needs.bytes == doctest::Approx((4 * 8 + 32) * 4 + 4 * 2 * 16 * 2));
  CHECK(needs.operations == doctest::Approx(2.0 * (32 * 4 + 32)));
}

TEST_CASE("the share is the least time over the time taken") {
  Limits limits;
  limits.all = {.read_plain = 50, .read_best = 200, .int8 = 1000, .bf16 = 0, .f32 = 500};
  limits.operations_per_s = 1000;
  const BenchCase c{.name = "x", .answer = 10};
  CHECK(limit_share({.bytes = 100}, limits, c, 5, 100) == doctest::Approx(0.5));  // 1 s of 2 s
  CHECK(limit_share({.operations = 1000, .attention_operations = 500}, limits, c, 4, 100) ==
        doctest::Approx(0.8));  // 1 s + 1 s of 2.5 s
}

}  // namespace
}  // namespace mill::apps
