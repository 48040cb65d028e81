// Diverse verifier tree search (Beeching, Tunstall, Rush, "Scaling test-time compute with open
// models", 2024): what beam search does, in n / 4 trees that know nothing of each other. Of each
// the best line alone goes on, in four ways, so that one good beginning does not crowd out the
// others. Of the trees' answers the best is shown.

#include <algorithm>

#include "llm/reason/beam.h"

namespace mill::llm {
namespace {

class Dvts : public Search {
 public:
  Dvts(const SearchOptions& options, uint32_t fork)
      : n_(options.n), fork_(fork), steps_(kPathsMax / options.n), verifier_(options.verifier) {
    for (uint32_t tree = 0; tree < n_ / fork; ++tree)
      trees_.emplace_back(BeamOptions{.first = tree * fork,
                                      .stride = n_,
                                      .fork = fork,
                                      .steps = steps_,
                                      .budget = options.budget_tokens / (n_ / fork)},
                          verifier_);
  }

  uint32_t paths() const override { return n_ * steps_; }
  uint32_t answers() const override { return n_; }

  std::vector<PathStart> begin() const override {
    std::vector<PathStart> all;
    for (const Beam& tree : trees_)
      for (PathStart& start : tree.begin()) all.push_back(std::move(start));
    return all;
  }

  Verdict ended(const PathEnd& end) override { return trees_[end.path % n_ / fork_].ended(end); }

  uint32_t shown() const override {
    const Beam& tree = best();
    return tree.best() ? tree.best()->path : 0;
  }

  std::optional<bool> verified() const override {
    if (verifier_->compares_only()) return std::nullopt;
    return best().whole() && best().best()->right.value_or(false);
  }

 private:
  const Beam& best() const {
    return *std::ranges::min_element(trees_, [](const Beam& a, const Beam& b) {
      if (a.whole() != b.whole()) return a.whole();
      if (!a.best() || !b.best()) return a.best().has_value() && !b.best();
      return a.best()->rank() < b.best()->rank();
    });
  }

  uint32_t n_, fork_, steps_;
  VerifierPointer verifier_;
  std::vector<Beam> trees_;
};

}  // namespace

Result<std::unique_ptr<Search>> dvts(const SearchOptions& options) {
  TRY_ASSIGN(const uint32_t fork, fork_of("dvts", options.n));
  return std::make_unique<Dvts>(options, fork);
}

}  // namespace mill::llm
