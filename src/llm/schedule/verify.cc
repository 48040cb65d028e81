#include "llm/schedule/verify.h"

#include <algorithm>

namespace mill::llm {
namespace {

bool can_guess(const PlannedPiece& piece) {
  return piece.tokens == 1 && piece.logits == 1 && piece.sequence->remaining() == 1 &&
         !piece.beside && !piece.sequence->guess.empty();
}

// Blocks for up to `count` tokens behind the end; a spare one for each that runs stays in the pool.
uint32_t make_room(Schedule& schedule, Sequence& sequence, uint32_t count) {
  const auto room = [&] {
    return static_cast<uint32_t>(sequence.blocks.size()) * kBlockTokens - sequence.size();
  };
  while (room() < count && schedule.pool.available() > schedule.running.size())
    sequence.blocks.push_back(schedule.pool.take());
  return std::min(room(), count);
}

void add_guess(Plan& plan, PlannedPiece& piece, uint32_t count) {
  const Sequence& sequence = *piece.sequence;
  piece.row_tokens = {sequence.tokens.back()};
  piece.row_tokens.insert(piece.row_tokens.end(), sequence.guess.begin(),
                          sequence.guess.begin() + count);
  piece.guessed = count;
  piece.tokens += count;
  piece.logits += count;
  plan.tokens += count;
  plan.logits += count;
}

uint32_t left(uint32_t most, uint32_t used) { return most - std::min(most, used); }

}  // namespace

void plan_guesses(Schedule& schedule, Plan& plan) {
  const ScheduleOptions& options = schedule.options;
  const auto decodes = [](const PlannedPiece& it) { return it.sequence->remaining() == 1; };
  const auto decoding = static_cast<uint32_t>(std::ranges::count_if(plan.pieces, decodes));
  auto guessing = static_cast<uint32_t>(std::ranges::count_if(plan.pieces, can_guess));
  uint32_t rows = std::min({left(options.verify_rows_max, decoding),
                            left(options.batch_tokens_max, plan.tokens),
                            left(options.logit_rows_max, plan.logits)});
  for (PlannedPiece& piece : plan.pieces) {
    if (!can_guess(piece)) continue;
    const auto wanted = static_cast<uint32_t>(piece.sequence->guess.size());
    const uint32_t share = std::min(wanted, rows / guessing--);  // the short ones leave theirs
    const uint32_t count = make_room(schedule, *piece.sequence, share);
    if (count > 0) add_guess(plan, piece, count);
    rows -= count;
  }
}

}  // namespace mill::llm
