#include "llm/tune/allocation.h"

#include <doctest/doctest.h>

#include <random>

namespace mill::llm {
namespace {

struct Sum {
  uint64_t bytes = 0;
  double damage = 0;
};

Sum sum_of(std::span<const std::vector<Offer>> items, const std::vector<size_t>& chosen) {
  Sum sum;
  for (size_t i = 0; i < items.size(); ++i) {
    sum.bytes += items[i][chosen[i]].bytes;
    sum.damage += items[i][chosen[i]].damage;
  }
  return sum;
}

// Every combination, counted like an odometer.
std::optional<double> least_by_trying(std::span<const std::vector<Offer>> items, uint64_t budget) {
  std::optional<double> least;
  std::vector<size_t> chosen(items.size());
  while (true) {
    const Sum sum = sum_of(items, chosen);
    if (sum.bytes <= budget && (!least || sum.damage < *least)) least = sum.damage;
    size_t digit = 0;
    while (digit < items.size() && ++chosen[digit] == items[digit].size()) chosen[digit++] = 0;
    if (digit == items.size()) return least;
  }
}

}  // namespace

TEST_CASE("an allocation is the best of all combinations") {
  std::mt19937 random(3);
  std::uniform_int_distribution<uint64_t> bytes(1, 40);
  std::uniform_real_distribution<double> damage(0, 1);
  int found = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::vector<Offer>> items(1 + random() % 6);
    for (auto& offers : items) {
      offers.resize(1 + random() % 5);
      for (Offer& offer : offers) offer = {bytes(random), damage(random)};
    }
    const uint64_t budget = random() % 160;
    const auto best = least_by_trying(items, budget);
    const auto chosen = allocate(items, budget);
    REQUIRE(chosen.has_value() == best.has_value());
    if (!chosen) continue;
    ++found;
    const Sum sum = sum_of(items, *chosen);
    CHECK(sum.bytes <= budget);
    CHECK(sum.damage == doctest::Approx(*best));
  }
  CHECK(found > 100);
}

TEST_CASE("a budget of many units is kept, and missed by little") {
  // 100 items of 1,000,003 or 2,000,006 bytes, the dearer ones without damage.
  std::vector<std::vector<Offer>> items(100, {{1'000'003, 1.0}, {2'000'007, 0.0}});
  const auto chosen = allocate(items, 150'000'525);  // room for 50 of them
  REQUIRE(chosen);
  const Sum sum = sum_of(items, *chosen);
  CHECK(sum.bytes <= 150'000'525);
  CHECK(sum.damage <= 51.0);
  CHECK_FALSE(allocate(items, 100'000'299));
}

}  // namespace mill::llm
