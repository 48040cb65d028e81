#include "llm/reason/vote.h"

#include <algorithm>

namespace mill::llm {

void Vote::cast(uint32_t sample, const std::optional<std::string>& answer) {
  ++cast_;
  if (!answer) return;
  const auto [found, fresh] = candidates_.try_emplace(*answer, Candidate{.first = sample});
  found->second.first = std::min(found->second.first, sample);
  ++found->second.votes;
}

std::optional<Vote::Winner> Vote::winner() const {
  std::optional<Winner> best;
  for (const auto& [answer, it] : candidates_) {
    const bool wins =
        !best || it.votes > best->votes || (it.votes == best->votes && it.first < best->sample);
    if (wins) best = Winner{answer, it.first, it.votes};
  }
  return best;
}

uint32_t Vote::runner_up() const {
  const auto best = winner();
  uint32_t second = 0;
  for (const auto& [answer, it] : candidates_)
    if (answer != best->answer) second = std::max(second, it.votes);
  return second;
}

// A tie could still be lost to a smaller number, so one vote more is needed. Somebody new may have
// all that are out.
bool Vote::decided(uint32_t outstanding) const {
  if (outstanding == 0) return true;
  const auto best = winner();
  if (!best) return false;
  return best->votes > runner_up() + outstanding;
}

}  // namespace mill::llm
