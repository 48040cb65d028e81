#pragma once
// How much work a grammar may take to compile. It is counted in steps and not in time, so that the
// same grammar is taken or refused on every machine, however busy. A step is an expression built or
// derived, an edge added, a keyword read or compared.

#include <cstdint>

#include "base/error.h"

namespace mill::grammar {

class Effort {
 public:
  // Where there are many, a step takes 10 to 40 ns (Zen 4), so this is at most some 4 s. Of the
  // 9,557 schemas of JSONSchemaBench 12 are refused for it.
  static constexpr uint64_t kStepsMax = 100'000'000;

  explicit Effort(uint64_t steps_max = kStepsMax) : steps_max_(steps_max) {}

  void spend(uint64_t steps) { steps_ += steps; }
  uint64_t spent() const { return steps_; }
  bool exhausted() const { return steps_ > steps_max_; }

  Result<void> check() const {
    if (!exhausted()) return {};
    return fail(ErrorKind::exhausted,
                "the grammar is too complex: compiling it takes more than {} million steps",
                steps_max_ / 1'000'000);
  }

 private:
  uint64_t steps_max_, steps_ = 0;
};

}  // namespace mill::grammar
