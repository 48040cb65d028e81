// Whatever schema: compiling ends soon; and every text that the grammar leads to is JSON.

#include "data/grammar/json_schema.h"

#include <cstdlib>

#include "data/grammar/matcher.h"
#include "data/grammar/spec.h"
#include "data/grammar/walk.h"

namespace {

using namespace mill::grammar;

// The way to the end that is shortest at each byte.
std::string shortest(Matcher& matcher) {
  std::string text;
  StateId state = matcher.start();
  while (matcher.distance(state) > 0 && text.size() < 10'000) {
    StateId next = kDead;
    for (int byte = 0; byte < 256 && next == kDead; ++byte) {
      const StateId to = matcher.step(state, static_cast<uint8_t>(byte));
      if (matcher.distance(to) >= matcher.distance(state)) continue;
      next = to;
      text += static_cast<char>(byte);
    }
    if (next == kDead && matcher.overflowed()) return "null";  // it says nothing then
    if (next == kDead) std::abort();                           // the distance was wrong
    state = next;
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Json schema = Json::parse(data, data + size, nullptr, false);
  if (schema.is_discarded()) return 0;
  const auto grammar = compile(json_schema(schema), kFuzzSteps);
  if (!grammar) return 0;
  Matcher matcher(*grammar);
  const std::string text = shortest(matcher);
  if (text.size() < 10'000 && Json::parse(text, nullptr, false).is_discarded()) std::abort();
  return 0;
}
