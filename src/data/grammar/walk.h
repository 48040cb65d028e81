#pragma once
// For fuzzers: steps through a compiled grammar by random bytes that it takes.

#include <random>

#include "data/grammar/matcher.h"

namespace mill::grammar {

inline constexpr uint64_t kFuzzSteps = 2'000'000;  // of compiling: a sanitizer makes them slow

inline void walk(const GrammarPtr& grammar, size_t seed) {
  Matcher matcher(grammar);
  StateId state = matcher.start();
  std::minstd_rand random(static_cast<uint32_t>(seed));
  for (int i = 0; i < 40 && state != kDead; ++i) {
    StateId next = kDead;
    for (int tries = 0; tries < 20 && next == kDead; ++tries)
      next = matcher.step(state, static_cast<uint8_t>(random() % 256));
    state = next;
  }
}

}  // namespace mill::grammar
