// Monte Carlo tree search over steps. UCT (Kocsis and Szepesvári, "Bandit Based Monte-Carlo
// Planning", 2006) goes down the tree of lines to one that nobody has gone on from; four next lines
// are drawn, and from each an answer, to its end. What the answers are worth counts for all that
// they go on from.
//
//   worth of an answer, 0 to 1    with a verifier that judges: right 1, wrong 0, not judged 1/2,
//                                 or its score from 0 to 1 where it has that alone;
//                                 else the mean probability of a token, exp(mean log probability);
//                                 of one that was cut off 0
//   the next child                the largest  mean worth + √(2 ln N / visits), N the parent's
//                                 visits: UCB1 (Auer et al., 2002), whose bound holds for worths
//                                 from 0 to 1; of equals, that of the smaller number
//
// n counts the answers, four of which come at a time: what follows from them waits for all four, so
// it does not depend on who ended first. It ends early with an answer that was found right, or when
// all lines end. A path's number is its place: of the i-th four, the lines have 8i … 8i + 3, and
// the answers that go on from them 8i + 4 … 8i + 7.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "llm/reason/beam.h"

namespace mill::llm {
namespace {

struct Node {  // a line, and the answer that was drawn from it
  uint32_t parent = 0, path = 0;
  uint32_t children = 0;  // the first of them; 0 = there are none
  bool open = false;      // something is left to try, here or below
  uint32_t tokens = 0;    // to its end, and the sum of their log probabilities
  double logprobs = 0;
  double worth = 0;  // the sum of those of its answers
  uint32_t visits = 0;
};

class Mcts : public Search {
 public:
  Mcts(const SearchOptions& options, uint32_t fork)
      : n_(options.n),
        fork_(fork),
        each_(options.budget_tokens / options.n),
        verifier_(options.verifier),
        nodes_(1),
        out_(fork) {
    nodes_[0].open = true;
    grow(0);
  }

  uint32_t paths() const override { return 2 * n_; }
  uint32_t answers() const override { return n_; }
  uint32_t tokens_each() const override { return each_; }

  std::vector<PathStart> begin() const override {
    std::vector<PathStart> all(fork_);
    for (uint32_t i = 0; i < fork_; ++i) all[i] = {.path = i, .step = true};
    return all;
  }

  Verdict ended(const PathEnd& end) override {
    const bool line = end.path % (2 * fork_) < fork_;
    Node& node = nodes_[newest_ + end.path % fork_];
    if (line && end.step && !end.cut) return answer_from(node, end);
    Verdict verdict{.note = take(node, end, line)};
    if (--out_ > 0) return verdict;
    settle();
    if (finished()) return verdict;
    const uint32_t leaf = select();
    grow(leaf);
    for (uint32_t i = 0; i < fork_; ++i) {
      PathStart start{.path = nodes_[newest_ + i].path, .step = true};
      if (leaf != 0) start.from = PathStart::From::step;
      start.after = nodes_[leaf].path;
      verdict.begin.push_back(std::move(start));
    }
    verdict.note += fmt::format("; on from path {}", nodes_[leaf].path + 1);
    return verdict;
  }

  uint32_t shown() const override { return best_ ? best_->path : 0; }
  std::optional<bool> verified() const override {
    if (verifier_->compares_only()) return std::nullopt;
    return best_ && best_->right.value_or(false);
  }

 private:
  // Its line has ended, and so does not go beyond its part of the budget before its answer begins.
  Verdict answer_from(Node& node, const PathEnd& end) {
    node.open = true;
    add(node, end);
    Verdict verdict;
    verdict.begin.push_back(
        {.path = end.path + fork_, .from = PathStart::From::step, .after = end.path});
    return verdict;
  }

  static void add(Node& node, const PathEnd& end) {
    node.tokens += end.tokens;
    node.logprobs += end.logprob_mean * end.tokens;
  }

  // A whole answer, or what was cut off.
  std::string take(Node& node, const PathEnd& end, bool line) {
    Node whole = node;
    add(whole, end);
    PathEnd all = end;
    all.logprob_mean = whole.logprobs / std::max(1U, whole.tokens);
    std::string why;
    const Judged it = judged(*verifier_, all, why);
    if (!best_ || it.rank() < best_->rank()) best_ = it;
    node.worth = worth_of(it);
    node.visits = 1;
    if (line) node.open = false;
    return fmt::format("Path {}, answer {} of {}: {} (best: path {})", end.path + 1,
                       newest_ + end.path % fork_, n_, why, best_->path + 1);
  }

  double worth_of(const Judged& it) const {
    if (it.cut) return 0;
    if (verifier_->compares_only()) return std::exp(it.logprob_mean);
    if (!it.right) return it.scored ? std::clamp(it.score, 0.0, 1.0) : 0.5;
    return *it.right ? 1 : 0;
  }

  // The four newest have their worths; so have those now that they go on from.
  void settle() {
    for (uint32_t i = newest_; i < newest_ + fork_; ++i) {
      for (uint32_t up = nodes_[i].parent;; up = nodes_[up].parent) {
        nodes_[up].worth += nodes_[i].worth;
        ++nodes_[up].visits;
        if (up == 0) break;
      }
    }
    close(nodes_[newest_].parent);
  }

  void close(uint32_t at) {
    const auto first = nodes_.begin() + nodes_[at].children;
    nodes_[at].open = std::any_of(first, first + fork_, [](const Node& it) { return it.open; });
    if (at != 0 && !nodes_[at].open) close(nodes_[at].parent);
  }

  bool finished() const {
    const bool right = best_ && best_->right.value_or(false) && !best_->cut;
    return right || nodes_.size() > n_ || !nodes_[0].open;
  }

  uint32_t select() const {
    uint32_t at = 0;
    while (nodes_[at].children != 0) {
      const double tries = 2 * std::log(static_cast<double>(nodes_[at].visits));
      double most = -1;
      uint32_t next = 0;
      for (uint32_t i = nodes_[at].children; i < nodes_[at].children + fork_; ++i) {
        const double visits = nodes_[i].visits;
        const double bound = nodes_[i].worth / visits + std::sqrt(tries / visits);
        if (nodes_[i].open && bound > most) {
          most = bound;
          next = i;
        }
      }
      at = next;
    }
    return at;
  }

  void grow(uint32_t leaf) {
    newest_ = static_cast<uint32_t>(nodes_.size());
    nodes_[leaf].children = newest_;
    out_ = fork_;
    for (uint32_t i = 0; i < fork_; ++i) {
      Node node{.parent = leaf, .path = 2 * (newest_ - 1) + i};
      node.tokens = nodes_[leaf].tokens;
      node.logprobs = nodes_[leaf].logprobs;
      nodes_.push_back(node);
    }
  }

  uint32_t n_, fork_, each_;
  VerifierPointer verifier_;
  std::vector<Node> nodes_;  // the prompt, then four at a time
  uint32_t newest_ = 1, out_ = 0;
  std::optional<Judged> best_;
};

}  // namespace

Result<std::unique_ptr<Search>> mcts(const SearchOptions& options) {
  TRY_ASSIGN(const uint32_t fork, fork_of("mcts", options.n));
  if (2 * options.n > kPathsMax)
    return fail(ErrorKind::invalid,
                "'mcts' needs an n of {} or less, not {}: its answers have two "
                "paths each",
                kPathsMax / 2, options.n);
  return std::make_unique<Mcts>(options, fork);
}

}  // namespace mill::llm
