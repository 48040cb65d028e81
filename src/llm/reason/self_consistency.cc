// Self-consistency (vote.h): n answers are drawn, and one that comes to what most come to is shown,
// that of the smallest number. As soon as the others cannot change that, they are stopped: whoever
// comes after the one that would be shown at once, who comes before it goes on, for it may come to
// the same and be shown in its place.

#include <fmt/format.h>

#include <algorithm>

#include "llm/reason/final_answer.h"
#include "llm/reason/search.h"
#include "llm/reason/vote.h"

namespace mill::llm {
namespace {

class SelfConsistency : public Search {
 public:
  explicit SelfConsistency(uint32_t n) : out_(n, true) {}

  uint32_t paths() const override { return static_cast<uint32_t>(out_.size()); }

  Verdict ended(const PathEnd& end) override {
    out_[end.path] = false;
    const auto number = final_number(end.text);
    vote_.cast(end.path, number);
    const auto winner = vote_.winner();
    Verdict verdict;
    verdict.note =
        fmt::format("Path {} of {}: {}", end.path + 1, paths(), number ? *number : "no number");
    if (winner)
      verdict.note +=
          fmt::format(" (most come to {}: {} of {})", winner->answer, winner->votes, vote_.cast());
    const auto outstanding = static_cast<uint32_t>(std::ranges::count(out_, true));
    if (!winner || !vote_.decided(outstanding)) return verdict;
    for (uint32_t path = winner->sample + 1; path < paths(); ++path)
      if (out_[path]) verdict.stop.push_back(path);
    return verdict;
  }

  // If nobody came to anything, the first.
  uint32_t shown() const override {
    const auto winner = vote_.winner();
    return winner ? winner->sample : 0;
  }

 private:
  Vote vote_;
  std::vector<bool> out_;  // by path: it may still end
};

}  // namespace

std::unique_ptr<Search> self_consistency(uint32_t n) {
  return std::make_unique<SelfConsistency>(n);
}

}  // namespace mill::llm
