#include "llm/sample/candidates.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

namespace mill::llm {
namespace {

std::vector<TokenId> tokens_of(const Candidates& candidates) {
  std::vector<TokenId> tokens;
  for (const Candidate& it : candidates.list()) tokens.push_back(it.token);
  return tokens;
}

Candidates started(const std::vector<float>& logits, uint32_t top_k = 0) {
  Candidates candidates;
  candidates.start(logits, *std::max_element(logits.begin(), logits.end()), 1, top_k);
  return candidates;
}

using Tokens = std::vector<TokenId>;

TEST_CASE("top-k keeps the largest, of equals the lowest ids, in the order of ids") {
  CHECK(tokens_of(started({1, 3, 2, 3, 2}, 3)) == Tokens{1, 2, 3});
  CHECK(tokens_of(started({1, 3, 2, 3, 2}, 9)) == Tokens{0, 1, 2, 3, 4});
  std::vector<float> many(1000);  // 0 1 … 9 0 1 …
  for (size_t i = 0; i < many.size(); ++i) many[i] = static_cast<float>(i % 10);
  CHECK(tokens_of(started(many, 3)) == Tokens{9, 19, 29});
}

TEST_CASE("top-p stops where the mass is reached exactly") {
  Candidates half = started({0, 0, 0, 0});
  half.keep_top_p(0.5);
  CHECK(tokens_of(half) == Tokens{0, 1});
  Candidates more = started({0, 0, 0, 0});
  more.keep_top_p(0.50001);
  CHECK(tokens_of(more) == Tokens{0, 1, 2});
  Candidates little = started({0, 5, 0, 0});
  little.keep_top_p(1e-9);
  CHECK(tokens_of(little) == Tokens{1});
}

TEST_CASE("min-p compares with the likeliest") {
  const float log2 = std::log(2.0F);
  Candidates it = started({-1.1F * log2, 0, -0.9F * log2, -9});
  it.keep_min_p(0.5);
  CHECK(tokens_of(it) == Tokens{1, 2});
}

// p = 0.7, 0.1, 0.1, 0.1: the entropy is 0.94 nats, the surprises 0.36 and 2.3 nats.
TEST_CASE("typical keeps what surprises as much as the mean") {
  Candidates it = started({std::log(0.1F), std::log(0.7F), std::log(0.1F), std::log(0.1F)});
  it.keep_typical(0.6);
  CHECK(tokens_of(it) == Tokens{1});
  Candidates more = started({std::log(0.1F), std::log(0.7F), std::log(0.1F), std::log(0.1F)});
  more.keep_typical(0.75);
  CHECK(tokens_of(more) == Tokens{0, 1});
}

TEST_CASE("what is too unlikely weighs nothing") {
  CHECK(tokens_of(started({0, -29, -31, -1})) == Tokens{0, 1, 3});
}

TEST_CASE("a draw walks the weights in the order of ids") {
  const Candidates it = started({0, 0, 0, 0});
  CHECK(it.draw(0) == 0);
  CHECK(it.draw((uint64_t{1} << 62) - 1) == 0);
  CHECK(it.draw(uint64_t{1} << 62) == 1);
  CHECK(it.draw(UINT64_MAX) == 3);
}

}  // namespace
}  // namespace mill::llm
