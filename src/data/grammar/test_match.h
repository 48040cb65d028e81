#pragma once
// For tests: does a grammar allow a text?

#include <string_view>

#include "data/grammar/matcher.h"

namespace mill::grammar::test {

inline StateId run(Matcher& matcher, std::string_view text) {
  StateId state = matcher.start();
  for (const char byte : text) state = matcher.step(state, static_cast<uint8_t>(byte));
  return state;
}

inline bool matches(const GrammarPtr& grammar, std::string_view text) {
  Matcher matcher(grammar);
  return matcher.accepts(run(matcher, text));
}

}  // namespace mill::grammar::test
