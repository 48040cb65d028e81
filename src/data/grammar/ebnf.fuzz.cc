// Whatever it says, compiling ends soon; and what compiles can be walked.

#include "data/grammar/spec.h"
#include "data/grammar/walk.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mill::grammar;
  const auto grammar =
      compile(ebnf(std::string(reinterpret_cast<const char*>(data), size)), kFuzzSteps);
  if (!grammar) return 0;
  walk(*grammar, size);
  return 0;
}
