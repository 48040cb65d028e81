// Best of n: the answer whose tokens the model itself finds likeliest, by the mean of their log
// probabilities, so that a long one is not worse for its length. One that was cut off by its limit
// is shown only where all were.

#include <fmt/format.h>

#include <tuple>

#include "llm/reason/search.h"

namespace mill::llm {
namespace {

class BestOfN : public Search {
 public:
  explicit BestOfN(uint32_t n) : n_(n) {}

  uint32_t paths() const override { return n_; }

  Verdict ended(const PathEnd& end) override {
    const auto better = [](const PathEnd& a, const PathEnd& b) {
      return std::tuple(a.cut, -a.logprob_mean, a.path) <
             std::tuple(b.cut, -b.logprob_mean, b.path);
    };
    if (!any_ || better(end, best_)) best_ = end;
    any_ = true;
    return {.note =
                fmt::format("Path {} of {}: {:.3f} a token (best: path {}, {:.3f})", end.path + 1,
                            n_, end.logprob_mean, best_.path + 1, best_.logprob_mean)};
  }

  uint32_t shown() const override { return best_.path; }

 private:
  uint32_t n_;
  PathEnd best_;  // its text is not kept
  bool any_ = false;
};

}  // namespace

std::unique_ptr<Search> best_of_n(uint32_t n) { return std::make_unique<BestOfN>(n); }

}  // namespace mill::llm
