#include "llm/speculate/speculator.h"

#include <algorithm>

namespace mill::llm {

std::vector<TokenId> Speculator::guess(std::span<const TokenId> text, uint32_t most) {
  if (pause_ > 0) {
    --pause_;
    return {};
  }
  return lookup_.guess(text, std::min(length_, most));
}

void Speculator::tried(uint32_t tokens, uint32_t accepted) {
  if (tokens == 0) return;
  if (accepted == tokens) {
    length_ = std::min(2 * length_, kGuessMax);
  } else {
    length_ = std::max(accepted + 1, length_ / 2);
  }
  if (2 * accepted >= tokens) {
    next_pause_ = 1;
    return;
  }
  if (accepted > 0) return;
  pause_ = next_pause_;
  next_pause_ = std::min(2 * next_pause_, kPauseMax);
}

}  // namespace mill::llm
