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
  explicit SelfConsistency(const SearchOptions& options)
      : out_(options.n, true), each_(options.budget_tokens / options.n) {}

  uint32_t paths() const override { return static_cast<uint32_t>(out_.size()); }
  uint32_t tokens_each() const override { return each_; }

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

  // If nobody came to anything, the first that ended.
  uint32_t shown() const override {
    if (const auto winner = vote_.winner()) return winner->sample;
    const auto first = std::ranges::find(out_, false);
    return first == out_.end() ? 0 : static_cast<uint32_t>(first - out_.begin());
  }

 private:
  Vote vote_;
  std::vector<bool> out_;  // by path: it may still end
  uint32_t each_;
};

}  // namespace

Result<std::unique_ptr<Search>> self_consistency(const SearchOptions& options) {
  return std::make_unique<SelfConsistency>(options);
}

}  // namespace mill::llm
