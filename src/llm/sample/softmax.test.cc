#include "llm/sample/softmax.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

#include "llm/sample/logprobs.h"

namespace mill::llm {
namespace {

TEST_CASE("the exponential is that of the mathematical library, nearly") {
  double worst = 0;
  for (double x = 0; x > -699; x -= 0.00731)
    worst = std::max(worst, std::abs(exp_negative(x) / std::exp(x) - 1));
  CHECK(worst < 1e-14);
  CHECK(exp_negative(0) == 1);
  CHECK(exp_negative(-std::numeric_limits<double>::infinity()) < 1e-300);
}

TEST_CASE("weights are probabilities in steps of 2 to the -43") {
  std::vector<Weight> weights;
  const std::vector<float> logits = {0, -1, -std::numeric_limits<float>::infinity(), -40};
  softmax_weights(logits, 0, 1, weights);
  CHECK(weights[0] == Weight{1} << 43);
  CHECK(weights[1] == static_cast<Weight>(std::llround(std::exp(-1.0) * 0x1p43)));
  CHECK(weights[2] == 0);
  CHECK(weights[3] == 0);
}

TEST_CASE("log-probabilities sum to one and name the likeliest") {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 5);
  std::vector<float> logits(1003);
  for (float& logit : logits) logit = normal(random);
  logits[7] = logits[900] = 30;
  const Logprobs result = logprobs_of(logits, 5, 1003);
  double sum = 0;
  for (const TokenLogprob& it : result.alternatives) sum += std::exp(double{it.logprob});
  CHECK(sum == doctest::Approx(1).epsilon(1e-6));
  CHECK(result.alternatives[0].token == 7);
  CHECK(result.alternatives[1].token == 900);
  for (size_t i = 1; i < result.alternatives.size(); ++i)
    REQUIRE(result.alternatives[i - 1].logprob >= result.alternatives[i].logprob);
  for (const TokenLogprob& it : result.alternatives)
    if (it.token == 5) CHECK(it.logprob == result.chosen.logprob);
  const Logprobs few = logprobs_of(logits, 5, 3);
  REQUIRE(few.alternatives.size() == 3);
  for (size_t i = 0; i < 3; ++i) CHECK(few.alternatives[i].token == result.alternatives[i].token);
  CHECK(logprobs_of(logits, 5, 0).alternatives.empty());
}

}  // namespace
}  // namespace mill::llm
