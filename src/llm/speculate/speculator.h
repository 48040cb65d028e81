#pragma once
// One answer's guesses, and how many of them are worth a try. A guess never changes the answer: the
// engine computes the logits of the guessed tokens along with those of the real one, draws from
// each row in turn what it would have drawn anyway (a draw depends on the seed and the token's
// number alone), and goes on as long as what it draws is what was guessed.
//
// A row more costs a small part of a step, and a wrong guess wastes it. So guesses become longer
// while they come true, and where they fail they pause: for twice as many tokens each time.

#include <cstdint>
#include <span>
#include <vector>

#include "llm/speculate/prompt_lookup.h"

namespace mill::llm {

class Speculator {
 public:
  static constexpr uint32_t kGuessMax = 8, kPauseMax = 64;  // tokens

  // At most `most` tokens that may follow the text, which only grows from call to call. Once for
  // each token or more.
  std::vector<TokenId> guess(std::span<const TokenId> text, uint32_t most);

  // So many of the guess were tried, and so many of them came true before the first that did not.
  void tried(uint32_t tokens, uint32_t accepted);

 private:
  PromptLookup lookup_;
  uint32_t length_ = kGuessMax / 2;  // of the next guess
  uint32_t pause_ = 0;               // guesses still to be left out
  uint32_t next_pause_ = 1;
};

}  // namespace mill::llm
