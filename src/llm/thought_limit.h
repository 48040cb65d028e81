#pragma once
// A bound on how long a model thinks before it answers, with grace to come to the end of a
// sentence. When it is reached, the tokens that close the thoughts come next, whatever the model
// would have said; then it goes on freely, with its answer.
//
//   tokens_max = 4, grace = 3:   a b c d e.  </think> …     the sentence ends within the grace
//                                a b c d e f g </think> …   it does not

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizer/tokenizer.h"

namespace mill::llm {

struct ThoughtLimit {
  std::string open = {};              // begins the thoughts; "" = the prompt has begun them
  std::string close = {};             // ends them
  std::vector<TokenId> closing = {};  // the tokens that write it; none = no limit
  uint32_t tokens_max = 0;
  uint32_t grace = 0;
};

class ThoughtClock {
 public:
  explicit ThoughtClock(ThoughtLimit);

  std::optional<TokenId> due();       // what must come next, if anything must
  void took(std::string_view piece);  // a token's text, control tokens spelt out

 private:
  enum class Phase : uint8_t { before, thinking, closing, over };

  ThoughtLimit limit_;
  Phase phase_;
  std::string text_;  // before: all; thinking: the end, as long as `close` could be in it
  uint32_t tokens_ = 0;
  size_t closed_ = 0;  // of the closing tokens
};

}  // namespace mill::llm
