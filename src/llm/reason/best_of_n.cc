// Best of n, with a verifier (Cobbe et al., "Training Verifiers to Solve Math Word Problems",
// 2021): n answers are drawn, and the one that the verifier finds best (judged.h) is shown. One
// that was cut off by its limit is shown only where all were.

#include <fmt/format.h>

#include "llm/reason/judged.h"
#include "llm/reason/search.h"

namespace mill::llm {
namespace {

class BestOfN : public Search {
 public:
  explicit BestOfN(const SearchOptions& options)
      : n_(options.n), each_(options.budget_tokens / options.n), verifier_(options.verifier) {}

  uint32_t paths() const override { return n_; }
  uint32_t tokens_each() const override { return each_; }

  Verdict ended(const PathEnd& end) override {
    std::string why;
    const Judged it = judged(*verifier_, end, why);
    if (!best_ || it.rank() < best_->rank()) best_ = it;
    return {.note = fmt::format("Path {} of {}: {} (best: path {})", end.path + 1, n_, why,
                                best_->path + 1)};
  }

  uint32_t shown() const override { return best_ ? best_->path : 0; }

  std::optional<bool> verified() const override {
    if (verifier_->compares_only()) return std::nullopt;
    return best_ && best_->right.value_or(false);
  }

 private:
  uint32_t n_, each_;
  VerifierPointer verifier_;
  std::optional<Judged> best_;
};

}  // namespace

Result<std::unique_ptr<Search>> best_of_n(const SearchOptions& options) {
  return std::make_unique<BestOfN>(options);
}

}  // namespace mill::llm
