#pragma once
// How much a step does for tenants that are ahead, beside what it does for those that are behind.
//
// A step of t tokens takes about a + b·t: the weights are read once, whatever t is, and each token
// is computed. a/b is 4 for a 135M model in 4 bits (tokenmill bench on a Zen 4: 1.5 ms a step of
// one stream, 6.4 of sixteen) and more for larger ones. So 2 % of a step's time are at least
// 0.02·(4 + t) tokens: less than one in a step of one stream, so the rest is kept for the next.

#include "llm/schedule/scheduler.h"

namespace mill::llm {

inline constexpr double kBesideShare = 0.02;
inline constexpr double kStepTokens = 4;  // a/b

class Beside {
 public:
  explicit Beside(Schedule&);

  bool guarded() const { return guarded_; }  // a tenant with work is behind another
  // Its tenant is ahead, and another is behind.
  bool ahead(const Sequence& it) const { return guarded_ && it.account->used > line_; }
  // `tokens` were planned for one that is not ahead: some more are there for those that are.
  void earn(double tokens);
  // Of what is there, at most so much; nothing means that it is held back in this step.
  uint32_t grant(Sequence&, uint32_t most);

 private:
  Schedule& schedule_;
  bool guarded_ = false, open_ = false;  // open: enough is saved up to be given
  uint64_t line_ = 0;                    // counters beyond it are ahead
};

// The pieces of those that are ahead, the least recently served first.
void plan_beside(Schedule&, Beside&, Plan&);

// Most tokens of prompts in this step, whose decodes are planned: short steps, where answers are
// under way, and shorter ones where another tenant may be about to come.
uint32_t chunk_of(Schedule&, const Plan&);
void count_contention(Schedule&, const Plan&);

}  // namespace mill::llm
