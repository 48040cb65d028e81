// Best of n, with a verifier (Cobbe et al., "Training Verifiers to Solve Math Word Problems",
// 2021): n answers are drawn, and the one that the verifier finds best is shown. One that is right
// goes before one that nobody could judge, and that before one that is wrong; then the better
// score, then the likelier one. One that was cut off by its limit is shown only where all were.

#include <fmt/format.h>

#include <tuple>

#include "llm/reason/search.h"

namespace mill::llm {
namespace {

struct Judged {
  uint32_t path = 0;
  bool cut = false;
  std::optional<bool> right = {};  // none: it could not be judged
  double score = 0, logprob_mean = 0;

  auto rank() const {
    const int worse = !right ? 1 : *right ? 0 : 2;
    return std::tuple(cut, worse, -score, -logprob_mean, path);
  }
};

class BestOfN : public Search {
 public:
  explicit BestOfN(const SearchOptions& options)
      : n_(options.n), each_(options.budget_tokens / options.n), verifier_(options.verifier) {}

  uint32_t paths() const override { return n_; }
  uint32_t tokens_each() const override { return each_; }

  Verdict ended(const PathEnd& end) override {
    Judged it{.path = end.path, .cut = end.cut, .logprob_mean = end.logprob_mean};
    const std::string why = judge(end, it);
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
  std::string judge(const PathEnd& end, Judged& it) const {
    const bool compares = verifier_->compares_only();
    if (end.cut && !compares) return "unverified: it was cut off";
    const Result<Judgement> found = verifier_->judge(end);
    if (!found) return "unverified: " + found.error().message;
    it.score = found->score;
    if (compares) return found->why;
    it.right = found->right;
    return fmt::format("{}: {}", found->right ? "right" : "wrong", found->why);
  }

  uint32_t n_, each_;
  VerifierPointer verifier_;
  std::optional<Judged> best_;
};

}  // namespace

Result<std::unique_ptr<Search>> best_of_n(const SearchOptions& options) {
  return std::make_unique<BestOfN>(options);
}

}  // namespace mill::llm
