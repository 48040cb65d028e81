#include "apps/eval_tally.h"

#include <algorithm>
#include <cmath>

#include "llm/reason/vote.h"

namespace mill::apps {
namespace {

EvalRow row_of(uint32_t count, const std::vector<std::string>& right,
               const std::vector<std::vector<Sampled>>& samples) {
  uint64_t by_majority = 0, by_any = 0, tokens = 0;
  for (size_t problem = 0; problem < right.size(); ++problem) {
    llm::Vote vote;
    bool any = false;
    for (uint32_t i = 0; i < count; ++i) {
      const Sampled& it = samples[problem][i];
      vote.cast(i, it.number);
      any |= it.number == right[problem];
      tokens += it.tokens;
    }
    const auto winner = vote.winner();
    by_majority += winner && winner->answer == right[problem] ? 1 : 0;
    by_any += any ? 1 : 0;
  }
  return {.samples = count,
          .majority = share_of(by_majority, right.size()),
          .any = share_of(by_any, right.size()),
          .tokens = static_cast<double>(tokens) / static_cast<double>(right.size())};
}

}  // namespace

Share share_of(uint64_t good, uint64_t all) {
  if (all == 0) return {0, 0, 1};
  constexpr double kZ = 1.959964;  // 97.5 % of the normal distribution lie below it
  const auto n = static_cast<double>(all);
  const double p = static_cast<double>(good) / n, z2 = kZ * kZ;
  const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kZ * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  return {p, std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

std::vector<EvalRow> tally(const std::vector<std::string>& right,
                           const std::vector<std::vector<Sampled>>& samples) {
  std::vector<EvalRow> rows;
  const auto most = static_cast<uint32_t>(samples.empty() ? 0 : samples.front().size());
  for (uint32_t count = 1; count < most; count *= 2) rows.push_back(row_of(count, right, samples));
  if (most > 0) rows.push_back(row_of(most, right, samples));
  return rows;
}

}  // namespace mill::apps
