#include "llm/sample/sampler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "llm/sample/random.h"

namespace mill::llm {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The slow and obvious sampler: sorts everything, sums in floating point.
namespace reference {

struct Entry {
  TokenId token;
  double p;
};

double total(const std::vector<Entry>& entries) {
  double sum = 0;
  for (const Entry& it : entries) sum += it.p;
  return sum;
}

template <class Key>  // higher is better
void sort_by(std::vector<Entry>& entries, Key key) {
  std::ranges::sort(entries, [&](const Entry& a, const Entry& b) {
    return key(a) != key(b) ? key(a) > key(b) : a.token < b.token;
  });
}

void cut_at_mass(std::vector<Entry>& entries, double mass) {
  const double goal = mass * total(entries);
  double sum = 0;
  size_t kept = 0;
  while (kept < entries.size() && sum < goal) sum += entries[kept++].p;
  entries.resize(std::max<size_t>(kept, 1));
}

TokenId sample(std::vector<float> logits, const SamplingOptions& options, uint64_t n) {
  for (auto [token, bias] : options.logit_bias) logits[static_cast<size_t>(token)] += bias;
  const double top = *std::ranges::max_element(logits);
  std::vector<Entry> entries;
  for (size_t i = 0; i < logits.size(); ++i)
    entries.push_back({static_cast<TokenId>(i),
                       std::exp((logits[i] - top) / static_cast<double>(options.temperature))});
  const auto probability = [](const Entry& it) { return it.p; };
  const auto logit = [&](const Entry& it) { return logits[static_cast<size_t>(it.token)]; };
  sort_by(entries, logit);
  if (options.top_k > 0 && options.top_k < entries.size()) entries.resize(options.top_k);
  if (options.typical_p < 1) {
    const double sum = total(entries);
    double entropy = 0;
    for (const Entry& it : entries) entropy -= it.p > 0 ? it.p / sum * std::log(it.p / sum) : 0;
    sort_by(entries, [&](const Entry& it) {
      return -static_cast<float>(std::abs(-std::log(it.p / sum) - entropy));
    });
    cut_at_mass(entries, options.typical_p);
  }
  sort_by(entries, logit);
  if (options.top_p < 1) cut_at_mass(entries, options.top_p);
  const double best = entries.front().p;
  std::erase_if(entries, [&](const Entry& it) { return it.p < best * options.min_p; });
  sort_by(entries, [](const Entry& it) { return -it.token; });
  double rest = static_cast<double>(random_bits(options.seed, n)) * 0x1p-64 * total(entries);
  for (const Entry& it : entries) {
    if (rest < probability(it)) return it.token;
    rest -= it.p;
  }
  return entries.back().token;
}

}  // namespace reference

TokenId first_token(const SamplingOptions& options, const std::vector<float>& logits) {
  SampleScratch scratch;
  return Sampler(options, {}).next(logits, scratch).value();
}

std::vector<float> random_logits(std::mt19937& random, size_t count) {
  std::normal_distribution<float> normal(0, 3);
  std::vector<float> logits(count);
  for (float& logit : logits) logit = normal(random);
  if (random() % 4 == 0)  // ties
    for (float& logit : logits) logit = std::round(logit);
  if (random() % 4 == 0) logits[random() % count] = -kInfinity;
  return logits;
}

SamplingOptions random_options(std::mt19937& random) {
  const auto one_in_two = [&] { return random() % 2 == 0; };
  std::uniform_real_distribution<float> uniform(0.01F, 0.99F);
  SamplingOptions options;
  options.temperature = one_in_two() ? 1.0F : 0.2F + 2 * uniform(random);
  if (one_in_two()) options.top_k = static_cast<uint32_t>(random() % 40);
  if (one_in_two()) options.top_p = uniform(random);
  if (one_in_two()) options.min_p = uniform(random) / 4;
  if (one_in_two()) options.typical_p = uniform(random);
  if (one_in_two()) options.logit_bias[3] = 10 * uniform(random) - 5;
  options.seed = random();
  return options;
}

TEST_CASE("the sampler draws what a full sort would have drawn") {
  for (uint32_t seed = 0; seed < 5000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const std::vector<float> logits = random_logits(random, 4 + random() % 200);
    const SamplingOptions options = random_options(random);
    REQUIRE(first_token(options, logits) == reference::sample(logits, options, 0));
  }
}

TEST_CASE("greedy takes the largest logit, of equals the first") {
  CHECK(first_token({.temperature = 0}, {1, 3, 3, 2}) == 1);
  CHECK(first_token({.temperature = 0}, {-kInfinity, -5}) == 1);
  CHECK(first_token({.temperature = 0, .logit_bias = {{3, 2}}}, {1, 3, 3, 2}) == 3);
}

TEST_CASE("extreme temperatures and logits stay defined") {
  CHECK(first_token({.temperature = 1e-30F}, {1, 1.5F, -3e38F, 1.4F}) == 1);
  CHECK(first_token({.temperature = 1e-45F}, {3e38F, -3e38F}) == 0);
  CHECK(first_token({.top_k = 1}, {1, 1, 1}) == 0);
  CHECK(first_token({.top_p = 1e-30F}, {1, 2, 2}) == 1);
  CHECK(first_token({.min_p = 1}, {1, 9, 1}) == 1);
}

TEST_CASE("logits that are no numbers are an error, not a token") {
  SampleScratch scratch;
  for (float temperature : {0.0F, 1.0F}) {
    for (float broken : {std::nanf(""), kInfinity}) {
      const std::vector<float> logits = {1, broken, 2};
      const auto result = Sampler({.temperature = temperature}, {}).next(logits, scratch);
      CHECK(result.error().message.find("no number") != std::string::npos);
    }
    const std::vector<float> none(4, -kInfinity);
    CHECK_FALSE(Sampler({.temperature = temperature}, {}).next(none, scratch).has_value());
  }
}

TEST_CASE("penalties count what was seen") {
  SampleScratch scratch;
  const std::vector<TokenId> prompt = {0};
  const std::vector<float> logits = {4, 3, 2.5F, -1};
  Sampler repetition({.temperature = 0, .repetition_penalty = 2}, prompt);  // token 0 → 2
  CHECK(repetition.next(logits, scratch) == 1);                             // token 1 → 1.5
  CHECK(repetition.next(logits, scratch) == 2);                             // token 2 → 1.25
  CHECK(repetition.next(logits, scratch) == 0);
  Sampler presence({.temperature = 0, .presence_penalty = 1.4F}, prompt);  // not of the prompt
  CHECK(presence.next(logits, scratch) == 0);                              // token 0 → 2.6
  CHECK(presence.next(logits, scratch) == 1);                              // token 1 → 1.6
  CHECK(presence.next(logits, scratch) == 0);
  Sampler frequency({.temperature = 0, .frequency_penalty = 0.6F}, prompt);
  std::vector<TokenId> tokens;
  for (int i = 0; i < 6; ++i) tokens.push_back(frequency.next(logits, scratch).value());
  CHECK(tokens == std::vector<TokenId>{0, 0, 1, 0, 2, 1});
}

TEST_CASE("a draw depends on the seed and on its number, and neighbouring seeds differ") {
  const std::vector<float> flat(1000, 0.0F);
  SampleScratch scratch;
  Sampler a({.seed = 1}, {}), again({.seed = 1}, {}), b({.seed = 2}, {});
  int same = 0;
  for (int i = 0; i < 100; ++i) {
    const TokenId token = a.next(flat, scratch).value();
    CHECK(again.next(flat, scratch) == token);
    same += b.next(flat, scratch) == token;
  }
  CHECK(same < 5);
}

// Pearson's statistic over n draws; with k−1 = 7 degrees of freedom it exceeds 24.3 once in 1000.
double chi_square(const std::vector<float>& logits, const std::vector<double>& expected) {
  constexpr int kDraws = 40000;
  std::vector<int> counts(logits.size());
  SampleScratch scratch;
  Sampler sampler({.seed = 42}, {});
  for (int i = 0; i < kDraws; ++i)
    ++counts[static_cast<size_t>(sampler.next(logits, scratch).value())];
  double statistic = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double mean = expected[i] * kDraws;
    statistic += (counts[i] - mean) * (counts[i] - mean) / mean;
  }
  return statistic;
}

TEST_CASE("tokens come as often as they are likely") {
  const std::vector<double> expected = {0.3, 0.2, 0.15, 0.1, 0.1, 0.08, 0.05, 0.02};
  std::vector<float> logits;
  for (double p : expected) logits.push_back(static_cast<float>(std::log(p)));
  CHECK(chi_square(logits, expected) < 24.3);
  CHECK(chi_square(std::vector<float>(8, 1.0F), std::vector<double>(8, 0.125)) < 24.3);
}

TEST_CASE("options out of range are refused by name") {
  const float nan = std::nanf("");
  const std::vector<std::pair<SamplingOptions, std::string>> cases = {
      {{.temperature = -1}, "temperature"},
      {{.temperature = nan}, "temperature"},
      {{.top_p = 0}, "top_p"},
      {{.top_p = 1.5F}, "top_p"},
      {{.min_p = -0.1F}, "min_p"},
      {{.typical_p = 0}, "typical_p"},
      {{.repetition_penalty = 0}, "repetition_penalty"},
      {{.presence_penalty = 3}, "presence_penalty"},
      {{.frequency_penalty = -3}, "frequency_penalty"},
      {{.logit_bias = {{1, 101}}}, "logit_bias"},
      {{.logit_bias = {{-1, 1}}}, "logit_bias"},
  };
  for (const auto& [options, field] : cases) {
    const auto result = options.validate();
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().message.starts_with(field));
  }
  CHECK(SamplingOptions{}.validate().has_value());
}

}  // namespace
}  // namespace mill::llm
