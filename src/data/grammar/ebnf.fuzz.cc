// Whatever it says, compiling ends soon; and what compiles can be walked.

#include <random>

#include "data/grammar/matcher.h"
#include "data/grammar/spec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mill::grammar;
  const auto grammar = compile(ebnf(std::string(reinterpret_cast<const char*>(data), size)));
  if (!grammar) return 0;
  Matcher matcher(*grammar);
  StateId state = matcher.start();
  std::minstd_rand random(static_cast<uint32_t>(size));
  for (int i = 0; i < 40 && state != kDead; ++i) {
    StateId next = kDead;
    for (int tries = 0; tries < 20 && next == kDead; ++tries)
      next = matcher.step(state, static_cast<uint8_t>(random() % 256));
    state = next;
  }
  return 0;
}
