// Budget forcing (Muennighoff et al., "s1: Simple test-time scaling", 2025, arXiv 2501.19393): the
// thoughts are held to their budget from both sides. Those that end before it is used go on with
// "Wait" in the place of their end; those that have used it are ended, and the answer comes. n
// counts the parts of the thoughts, and the answer: so there are at most n - 2 of these words.
// Without a budget the thoughts go on n - 2 times, and are ended by nobody.

#include <fmt/format.h>

#include "llm/reason/search.h"

namespace mill::llm {
namespace {

constexpr const char* kWait = "\nWait,";
constexpr uint32_t kWorthwhile = 8;  // tokens; with fewer, nobody thinks of anything

class BudgetForcing : public Search {
 public:
  explicit BudgetForcing(const SearchOptions& options)
      : n_(options.n), budget_(options.budget_tokens) {}

  uint32_t paths() const override { return n_; }
  std::vector<PathStart> begin() const override {
    return {PathStart{.thoughts_only = true, .tokens_max = budget_}};
  }

  Verdict ended(const PathEnd& end) override {
    shown_ = end.path;
    if (!end.thought) return {};  // the answer, or one without thoughts
    used_ += end.tokens;
    Verdict verdict{.note = fmt::format("Thoughts {}: {} tokens{}", end.path + 1, end.tokens,
                                        end.cut ? ", cut off" : "")};
    PathStart next{.path = end.path + 1, .from = PathStart::From::answer, .after = end.path};
    const bool room = budget_ == 0 || used_ + kWorthwhile <= budget_;
    if (!end.cut && room && end.path + 2 < n_) {
      next.from = PathStart::From::thoughts;
      next.text = kWait;
      next.thoughts_only = true;
      next.tokens_max = budget_ == 0 ? 0 : budget_ - used_;
    }
    verdict.begin.push_back(std::move(next));
    return verdict;
  }

  uint32_t shown() const override { return shown_; }

 private:
  uint32_t n_, budget_, used_ = 0, shown_ = 0;
};

}  // namespace

Result<std::unique_ptr<Search>> budget_forcing(const SearchOptions& options) {
  if (options.n < 2)
    return fail(ErrorKind::invalid,
                "'budget_forcing' needs an n of 2 or more, not {}: thoughts, "
                "and the answer",
                options.n);
  return std::make_unique<BudgetForcing>(options);
}

}  // namespace mill::llm
