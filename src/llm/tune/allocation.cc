#include "llm/tune/allocation.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/assert.h"

namespace mill::llm {
namespace {

constexpr uint64_t kUnitsMax = 65536;
constexpr double kNever = std::numeric_limits<double>::infinity();

uint64_t unit_of(std::span<const std::vector<Offer>> items, uint64_t budget) {
  uint64_t unit = 0;
  for (const auto& offers : items)
    for (const Offer& offer : offers) unit = std::gcd(unit, offer.bytes);
  return std::max({unit, (budget + kUnitsMax - 1) / kUnitsMax, uint64_t{1}});
}

// least[u]: the least damage of the items so far in at most u units; choice[u]: the last one's
// offer in it.
struct Stage {
  std::vector<double> least;
  std::vector<uint8_t> choice;
};

Stage next_stage(const std::vector<double>& before, const std::vector<Offer>& offers,
                 uint64_t unit) {
  Stage stage{std::vector<double>(before.size(), kNever), std::vector<uint8_t>(before.size())};
  for (size_t i = 0; i < offers.size(); ++i) {
    const uint64_t units = (offers[i].bytes + unit - 1) / unit;
    for (size_t u = units; u < before.size(); ++u) {
      const double damage = before[u - units] + offers[i].damage;
      if (damage >= stage.least[u]) continue;
      stage.least[u] = damage;
      stage.choice[u] = static_cast<uint8_t>(i);
    }
  }
  return stage;
}

}  // namespace

std::optional<std::vector<size_t>> allocate(std::span<const std::vector<Offer>> items,
                                            uint64_t budget) {
  const uint64_t unit = unit_of(items, budget);
  std::vector<double> least(budget / unit + 1, 0.0);
  std::vector<std::vector<uint8_t>> choices;
  for (const auto& offers : items) {
    ASSERT(!offers.empty() && offers.size() < 256, offers.size());
    Stage stage = next_stage(least, offers, unit);
    least = std::move(stage.least);
    choices.push_back(std::move(stage.choice));
  }
  if (least.back() == kNever) return std::nullopt;
  std::vector<size_t> chosen(items.size());
  for (size_t item = items.size(), left = least.size() - 1; item-- > 0;) {
    chosen[item] = choices[item][left];
    left -= (items[item][chosen[item]].bytes + unit - 1) / unit;
  }
  return chosen;
}

}  // namespace mill::llm
