#pragma once
// Answers that grow by a line at a time, side by side: of all that have got as far, the best few go
// on, each in several ways. beam_search has one of these, dvts several.
//
//   step 1      0   1   2   3   4   5   6   7      kept = 2, fork = 4: paths of the first step
//                       ╷               ╷          the best two of them …
//   step 2      8   9  10  11  12  13  14  15      … in four ways each
//
// Numbers are places in the tree: path = first + step · stride + place. A step is over when all of
// its paths have ended, so what follows does not depend on who ended first. An answer that ends
// whole takes its place with it, if it is among the best: the fewer go on. It is over when nobody
// goes on, or when an answer was found right.
//
// The budget that is left is shared out among a step's paths alike. When these shares do not hold
// as many tokens as the longest step so far, the best answer goes on alone, to its end.

#include "llm/reason/judged.h"
#include "llm/reason/search.h"

namespace mill::llm {

inline constexpr uint32_t kFork = 4;  // as in both papers (beam_search.cc, dvts.cc)
// How many answers are tried at once, of which each kept one goes on in kFork ways, or in all of
// fewer. Refused (invalid) where n is no multiple.
Result<uint32_t> fork_of(std::string_view method, uint32_t n);

struct BeamOptions {
  uint32_t first = 0, stride = 1;
  uint32_t kept = 1, fork = 4;  // a step has as many paths as these come to, multiplied
  uint32_t steps = 1;           // at most; the last goes to the answer's end
  uint32_t budget = 0;          // tokens; 0 = no limit
};

class Beam {
 public:
  Beam(BeamOptions, VerifierPointer);

  std::vector<PathStart> begin() const;
  Verdict ended(const PathEnd&);
  // Of those that have ended: the best whole answer, else the best of the last step.
  const std::optional<Judged>& best() const { return whole_ ? whole_ : part_; }
  bool whole() const { return whole_.has_value(); }

 private:
  struct Line {  // an answer so far
    Judged found = {};
    bool open = false;  // it can go on
    uint32_t tokens = 0;
    double logprobs = 0;  // the sum
  };

  void take(const PathEnd&, std::string& why);
  std::vector<Line> going_on();  // the best first
  std::vector<PathStart> next_step();
  std::vector<PathStart> forked(const std::vector<Line>&, uint32_t fork, uint32_t share, bool last);
  uint32_t number(uint32_t place) const { return options_.first + step_ * options_.stride + place; }

  BeamOptions options_;
  VerifierPointer verifier_;
  std::vector<Line> lines_;  // of this step, by place: what they go on from, then what they are
  uint32_t step_ = 0, out_ = 0, kept_ = 0;
  uint32_t used_ = 0, longest_ = 0;  // tokens
  std::optional<Judged> whole_, part_;
};

}  // namespace mill::llm
