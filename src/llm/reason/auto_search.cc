// Finds out how hard the question is, and spends as little on it as that calls for.
//
//   1. Four answers are drawn.
//   2. Nothing more is done where one of them was found right; or, where nobody judges, where it
//      is sure which number most would come to, or where no answer comes to one: then the likeliest
//      is shown, for nothing tells a better one.
//   3. Else the question is hard. Where answers are judged, and most have lines to search in, what
//      is left goes into a beam search over these (beam.h): on hard questions that does better
//      than more answers (Snell et al., 2024). Else four more answers are drawn, and 2 follows.
//
// Sure: with a votes for the first number and b for the second, and each share as likely as any
// other before the first vote, the first is ahead with the probability
//   P = P(p > 1/2), p ~ Beta(a + 1, b + 1),   = P(X <= a), X ~ Binomial(a + b + 1, 1/2)
// It is sure when P > 0.95 (Aggarwal et al., "Let's Sample Step by Step: Adaptive-Consistency",
// EMNLP 2023). Three of three give 0.9375, four of four 0.969: so there are four at first.
//
// Of a budget the first four have a quarter each. Four more begin while what is left gives each as
// much as the longest answer had.

#include <fmt/format.h>

#include <algorithm>

#include "llm/reason/beam.h"
#include "llm/reason/final_answer.h"
#include "llm/reason/vote.h"

namespace mill::llm {
namespace {

constexpr double kSure = 0.95;

double surely_ahead(uint32_t first, uint32_t second) {
  const uint32_t n = first + second + 1;
  double term = 1, below = 0, all = 0;  // n over i, and its sums
  for (uint32_t i = 0; i <= n; ++i) {
    all += term;
    if (i <= first) below += term;
    term = term * (n - i) / (i + 1);
  }
  return below / all;
}

// To search over lines, there must be two.
bool has_lines(std::string_view text) {
  const size_t end = text.find('\n', std::min(text.size(), text.find_first_not_of(" \n\r\t")));
  return text.find_first_not_of(" \n\r\t", end) != text.npos;
}

class Auto : public Search {
 public:
  Auto(const SearchOptions& options, uint32_t fork)
      : n_(options.n),
        fork_(fork),
        budget_(options.budget_tokens),
        verifier_(options.verifier),
        out_(fork) {}

  uint32_t paths() const override { return std::max(n_, kPathsMax); }
  uint32_t answers() const override { return n_; }
  std::vector<PathStart> begin() const override { return answers_from(0, budget_ / fork_); }

  Verdict ended(const PathEnd& end) override {
    used_ += end.tokens;
    if (beam_) return beam_->ended(end);
    Verdict verdict{.note = take(end)};
    if (--out_ > 0) return verdict;
    const std::string hard = go_on(verdict.begin);
    verdict.note += "; " + hard;
    return verdict;
  }

  uint32_t shown() const override {
    if (const auto winner = vote_.winner(); winner && !judges()) return winner->sample;
    return best() ? best()->path : 0;
  }

  std::optional<bool> verified() const override {
    if (!judges()) return std::nullopt;
    return best() && best()->right.value_or(false);
  }

 private:
  bool judges() const { return !verifier_->compares_only(); }

  // A whole answer of either before half a one.
  const std::optional<Judged>& best() const {
    if (!beam_ || !beam_->whole()) return best_;
    return beam_->best()->rank() < best_->rank() ? beam_->best() : best_;
  }

  std::vector<PathStart> answers_from(uint32_t first, uint32_t share) const {
    std::vector<PathStart> all(fork_);
    for (uint32_t i = 0; i < fork_; ++i) all[i] = {.path = first + i, .tokens_max = share};
    return all;
  }

  std::string take(const PathEnd& end) {
    ++heard_;
    longest_ = std::max(longest_, end.tokens);
    lines_ += has_lines(end.text) ? 1 : 0;
    std::string why;
    const Judged it = judged(*verifier_, end, why);
    if (!best_ || it.rank() < best_->rank()) best_ = it;
    const auto number = final_number(end.text);
    if (!judges()) {
      vote_.cast(end.path, end.cut ? std::nullopt : number);
      why = number && !end.cut ? *number : "no number";
    }
    return fmt::format("Path {}: {}", end.path + 1, why);
  }

  // What begins, and why.
  std::string go_on(std::vector<PathStart>& begin) {
    const auto winner = vote_.winner();
    if (judges() && best_->right.value_or(false)) return "one is right, that is enough";
    if (!judges() && !winner) return "no numbers to compare, the likeliest is shown";
    if (!judges() && surely_ahead(winner->votes, vote_.runner_up()) > kSure)
      return fmt::format("{} of {} come to {}, that is enough", winner->votes, heard_,
                         winner->answer);
    if (heard_ >= n_) return "that were all";
    const uint32_t left = budget_ - std::min(used_, budget_), share = left / fork_;
    if (budget_ > 0 && (share == 0 || share < longest_)) return "the budget is used up";
    if (judges() && heard_ == fork_ && 2 * lines_ > fork_) return search_lines(begin, left);
    begin = answers_from(heard_, share);
    out_ = fork_;
    return fmt::format("not sure yet, {} more", fork_);
  }

  // The numbers of its paths begin behind those of the first answers.
  std::string search_lines(std::vector<PathStart>& begin, uint32_t left) {
    const uint32_t n = n_ - fork_;
    beam_.emplace(BeamOptions{.first = fork_,
                              .stride = n,
                              .kept = n / fork_,
                              .fork = fork_,
                              .steps = std::max(1U, (kPathsMax - fork_) / n),
                              .budget = left},
                  verifier_);
    begin = beam_->begin();
    return fmt::format("none is right: a beam search over lines, {} at once", n);
  }

  uint32_t n_, fork_, budget_;
  VerifierPointer verifier_;
  uint32_t out_, heard_ = 0, lines_ = 0;  // paths under way, ended, and with lines
  uint32_t used_ = 0, longest_ = 0;       // tokens
  Vote vote_;
  std::optional<Judged> best_;  // of whole answers
  std::optional<Beam> beam_;
};

}  // namespace

Result<std::unique_ptr<Search>> auto_search(const SearchOptions& options) {
  TRY_ASSIGN(const uint32_t fork, fork_of("auto", options.n));
  return std::make_unique<Auto>(options, fork);
}

}  // namespace mill::llm
