// Beam search over steps, guided by a verifier (Snell et al., "Scaling LLM Test-Time Compute
// Optimally can be More Effective than Scaling Model Parameters", 2024, arXiv 2408.03314): n
// answers grow side by side, by a line at a time. The best quarter of them (beam.h) goes on, in
// four ways each.

#include "llm/reason/beam.h"

namespace mill::llm {
namespace {

class BeamSearch : public Search {
 public:
  BeamSearch(const SearchOptions& options, uint32_t fork)
      : n_(options.n),
        steps_(kPathsMax / options.n),
        verifier_(options.verifier),
        beam_({.stride = n_,
               .kept = n_ / fork,
               .fork = fork,
               .steps = steps_,
               .budget = options.budget_tokens},
              verifier_) {}

  uint32_t paths() const override { return n_ * steps_; }
  uint32_t answers() const override { return n_; }
  std::vector<PathStart> begin() const override { return beam_.begin(); }
  Verdict ended(const PathEnd& end) override { return beam_.ended(end); }
  uint32_t shown() const override { return beam_.best() ? beam_.best()->path : 0; }
  std::optional<bool> verified() const override {
    if (verifier_->compares_only()) return std::nullopt;
    return beam_.whole() && beam_.best()->right.value_or(false);
  }

 private:
  uint32_t n_, steps_;
  VerifierPointer verifier_;
  Beam beam_;
};

}  // namespace

Result<std::unique_ptr<Search>> beam_search(const SearchOptions& options) {
  TRY_ASSIGN(const uint32_t fork, fork_of("beam_search", options.n));
  return std::make_unique<BeamSearch>(options, fork);
}

}  // namespace mill::llm
