#include "llm/schedule/twins.h"

#include <algorithm>
#include <utility>

namespace mill::llm {
namespace {

bool wants_last_row_alone(const Sequence& it) { return it.wanted + 1 == it.size(); }

bool leads(const Sequence& first, const Sequence& twin) {
  return first.behind == 0 && &first != &twin && first.account == twin.account &&
         first.size() == twin.size() && first.remaining() > 0 && wants_last_row_alone(first);
}

bool comes_to_the_end(const PlannedPiece& piece) {
  return piece.guessed == 0 && piece.logits == 1 && piece.sequence->remaining() == 0;
}

void join(Schedule& schedule, const Sequence& first, Sequence& twin) {
  const bool last_is_full = first.computed % kBlockTokens == 0;
  if (!last_is_full && schedule.pool.available() == 0) return;
  for (uint32_t i = 0; i < first.published; ++i) {
    schedule.pool.share(first.blocks[i]);
    twin.blocks.push_back(first.blocks[i]);
  }
  if (!last_is_full) {
    twin.blocks.push_back(schedule.pool.take());
    schedule.copies.push_back({first.blocks[first.published], twin.blocks.back()});
  }
  twin.behind = 0;
  twin.computed = twin.wanted = first.computed;
  twin.published = first.published;
  twin.charged = std::max(twin.charged, twin.computed);
  if (!twin.yielded) twin.cached_tokens = twin.computed;
}

}  // namespace

bool fall_behind(const Schedule& schedule, Sequence& twin) {
  const uint64_t before = std::exchange(twin.behind, 0);
  if (!schedule.options.prefix_cache || twin.size() < 2 || !wants_last_row_alone(twin))
    return false;
  for (const Sequence* first : schedule.running) {
    if (!leads(*first, twin) || (first->id != before && first->tokens != twin.tokens)) continue;
    twin.behind = first->id;
    return true;
  }
  return false;
}

void attach_twins(const Schedule& schedule, Plan& plan) {
  for (Sequence* twin : schedule.running) {
    if (twin->behind == 0) continue;
    const auto first = std::ranges::find(plan.pieces, twin->behind,
                                         [](const PlannedPiece& it) { return it.sequence->id; });
    if (first != plan.pieces.end()) first->twins.push_back(twin);
  }
}

void join_twins(Schedule& schedule, const PlannedPiece& piece) {
  for (Sequence* twin : piece.twins) {
    twin->served = schedule.step;
    if (comes_to_the_end(piece)) join(schedule, *piece.sequence, *twin);
  }
}

void copy_tail(Schedule& schedule, Sequence& it, Plan& plan) {
  const uint32_t start = it.computed, i = start / kBlockTokens;
  const bool in_last = start < it.wanted && it.wanted < start + kBlockTokens;
  if (!schedule.options.prefix_cache || start % kBlockTokens != 0 || !in_last ||
      !wants_last_row_alone(it))
    return;
  const auto tail = std::span(it.tokens).subspan(start, it.wanted - start);
  for (const Sequence* other : schedule.running) {
    if (other->computed < it.wanted) continue;
    if (i > 0 && other->blocks[i - 1] != it.blocks[i - 1]) continue;
    const auto theirs = std::span(other->tokens).subspan(start, tail.size());
    if (!std::ranges::equal(tail, theirs)) continue;
    plan.copies.push_back({other->blocks[i], it.blocks[i]});
    it.computed = it.wanted;
    it.charged = std::max(it.charged, it.computed);
    if (!it.yielded) it.cached_tokens += static_cast<uint32_t>(tail.size());
    return;
  }
}

}  // namespace mill::llm
