#include "llm/schedule/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "llm/schedule/beside.h"
#include "llm/schedule/prefill.h"
#include "llm/schedule/twins.h"
#include "llm/schedule/verify.h"

namespace mill::llm {
namespace {

uint32_t blocks_for(uint32_t tokens) { return (tokens + kBlockTokens - 1) / kBlockTokens; }

void release_blocks(Schedule& schedule, Sequence& sequence) {
  // The deepest first, as the pool wants it.
  for (; !sequence.blocks.empty(); sequence.blocks.pop_back())
    schedule.pool.release(sequence.blocks.back());
  sequence.computed = sequence.published = 0;
  sequence.behind = 0;
}

void insert_running(Schedule& schedule, Sequence& it) {
  const auto place = std::ranges::find_if(
      schedule.running, [&](const Sequence* other) { return goes_before(it, *other); });
  schedule.running.insert(place, &it);
}

void yield(Schedule& schedule, Sequence& it) {
  std::erase(schedule.running, &it);
  release_blocks(schedule, it);
  it.yielded = true;
  ++schedule.yields;
  schedule.tenants.wait_again(it);
}

// The last sequence of the running tenant that was served most, if its counter is `least` or more.
Sequence* last_of_most_served(const Schedule& schedule, uint64_t least) {
  Sequence* last = nullptr;
  for (Sequence* it : schedule.running) {
    if (it->account->used < least) continue;
    if (last == nullptr || it->account->used > last->account->used ||
        (it->account->used == last->account->used && last->id < it->id) ||
        it->account == last->account)
      last = it;
  }
  return last;
}

// Who gives up blocks for it: it itself in the end, but nobody whose tenant is behind.
Sequence& victim_for(const Schedule& schedule, const Sequence& needy) {
  const uint64_t used = needy.account->used;
  return *last_of_most_served(schedule,
                              used - std::min<uint64_t>(used, schedule.options.quantum_tokens));
}

// One that was behind another may have to go on alone.
bool needs_blocks(Schedule& schedule, Sequence& it) {
  if (it.behind == 0) return true;
  if (fall_behind(schedule, it)) return false;
  adopt_cached(schedule, it);
  return true;
}

// Room for one more token in every running sequence; others yield where there is none.
void grow(Schedule& schedule) {
  for (Sequence* it : std::vector(schedule.running)) {
    const auto runs = [&] { return std::ranges::count(schedule.running, it) > 0; };
    if (!runs() || !needs_blocks(schedule, *it)) continue;
    while (runs() && it->blocks.size() < blocks_for(it->size())) {
      if (schedule.pool.available() > 0)
        it->blocks.push_back(schedule.pool.take());
      else
        yield(schedule, victim_for(schedule, *it));
    }
  }
}

// Takes the blocks of a sequence that waits, found or fresh; or nothing, if there are too few. One
// that is behind another will need a copy of its last.
bool take_blocks(Schedule& schedule, Sequence& sequence) {
  if (fall_behind(schedule, sequence)) {
    const bool room = schedule.pool.available() > schedule.running.size();
    if (!room) sequence.behind = 0;
    return room;
  }
  adopt_cached(schedule, sequence);
  const size_t missing = blocks_for(sequence.size()) - sequence.blocks.size();
  if (schedule.pool.available() < missing + schedule.running.size()) {
    release_blocks(schedule, sequence);
    if (!sequence.yielded) sequence.cached_tokens = 0;
    return false;
  }
  while (sequence.blocks.size() < blocks_for(sequence.size()))
    sequence.blocks.push_back(schedule.pool.take());
  return true;
}

// A tenant that is ahead of this one gives up a place in the batch, with its blocks.
bool make_way(Schedule& schedule, const Tenant& tenant) {
  Sequence* last = last_of_most_served(schedule, tenant.used + schedule.options.quantum_tokens + 1);
  if (last == nullptr) return false;
  yield(schedule, *last);
  return true;
}

// Nobody goes past the one whose turn it is, so that a large request is not put off for ever.
void admit(Schedule& schedule) {
  const uint32_t most = std::min(schedule.options.running_max, schedule.options.batch_tokens_max);
  while (Tenant* tenant = schedule.closed ? nullptr : schedule.tenants.least_served_waiting()) {
    Sequence& sequence = *tenant->waiting.front();
    if (schedule.running.size() < most && take_blocks(schedule, sequence)) {
      schedule.tenants.admitted(sequence);
      sequence.served = schedule.step;
      insert_running(schedule, sequence);
    } else if (!make_way(schedule, *tenant)) {
      return;
    }
  }
}

void plan_decodes(const Schedule& schedule, Beside& beside, Plan& plan) {
  for (Sequence* sequence : schedule.running) {
    if (sequence->remaining() != 1 || beside.ahead(*sequence)) continue;
    ASSERT(sequence->behind == 0, sequence->id, sequence->behind);
    add_piece(plan, *sequence, 1);
    beside.earn(1);
  }
}

// Makes full blocks findable. Where another sequence was faster, its twin of the block (the same
// bits: the determinism contract) takes the place of ours, which goes back to the pool.
void publish_full_blocks(BlockPool& pool, Sequence& sequence) {
  for (; (sequence.published + 1) * kBlockTokens <= sequence.computed; ++sequence.published) {
    const uint32_t i = sequence.published;
    BlockId& block = sequence.blocks[i];
    const BlockId parent = i == 0 ? kNoBlock : sequence.blocks[i - 1];
    const auto tokens = std::span(sequence.tokens).subspan(size_t{i} * kBlockTokens, kBlockTokens);
    const BlockId published = pool.publish(parent, tokens, block);
    if (published == block) continue;
    pool.share(published);
    pool.release(block);
    block = published;
  }
}

}  // namespace

Schedule::Schedule(ScheduleOptions given, uint32_t blocks)
    : options(given), pool(blocks), tenants(given.quantum_tokens) {
  ASSERT(options.logit_rows_max >= options.running_max, options.logit_rows_max);
  ASSERT(options.chunk_tokens > 0 && options.running_max > 0 && options.batch_tokens_max > 0);
}

void enqueue(Schedule& schedule, Sequence& sequence) {
  ASSERT(!sequence.tokens.empty() && blocks_for(sequence.size()) <= schedule.pool.size());
  schedule.tenants.arrive(sequence);
}

Plan plan_step(Schedule& schedule) {
  schedule.pool.at(++schedule.step);
  grow(schedule);
  admit(schedule);
  Plan plan;
  plan.copies = std::exchange(schedule.copies, {});
  Beside beside(schedule);
  plan.guarded = beside.guarded();
  plan_decodes(schedule, beside, plan);
  plan_prefills(schedule, beside, plan);
  plan_beside(schedule, beside, plan);
  attach_twins(schedule, plan);
  plan_guesses(schedule, plan);
  count_contention(schedule, plan);
  return plan;
}

void commit(Schedule& schedule, const Plan& plan) {
  for (const PlannedPiece& piece : plan.pieces) {
    Sequence& sequence = *piece.sequence;
    sequence.computed += piece.tokens - piece.guessed;
    sequence.wanted = std::max(sequence.wanted, sequence.computed);
    sequence.served = schedule.step;
    schedule.tenants.charge(sequence, sequence.computed);
    if (schedule.options.prefix_cache) publish_full_blocks(schedule.pool, sequence);
    join_twins(schedule, piece);
  }
}

void settle(Schedule& schedule, Sequence& sequence, uint32_t accepted) {
  sequence.computed += accepted;
  sequence.wanted = std::max(sequence.wanted, sequence.computed);
  ASSERT(sequence.remaining() == 1, sequence.computed, sequence.size());
  schedule.tenants.charge(sequence, sequence.computed);
  if (schedule.options.prefix_cache) publish_full_blocks(schedule.pool, sequence);
  for (; sequence.blocks.size() > blocks_for(sequence.size()); sequence.blocks.pop_back())
    schedule.pool.release(sequence.blocks.back());
}

void finish(Schedule& schedule, Sequence& sequence) {
  release_blocks(schedule, sequence);
  std::erase(schedule.running, &sequence);
  schedule.tenants.leave(sequence);
}

void suspend(Schedule& schedule) {
  while (!schedule.running.empty()) yield(schedule, *schedule.running.back());
}

void empty_cache(Schedule& schedule, uint32_t blocks) {
  ASSERT(schedule.running.empty(), schedule.running.size());
  schedule.pool = BlockPool(blocks);
  schedule.copies.clear();
}

std::vector<BatchPiece> batch_of(const Plan& plan) {
  std::vector<BatchPiece> batch;
  for (const PlannedPiece& piece : plan.pieces) {
    const Sequence& it = *piece.sequence;
    const auto known = std::span(it.tokens).subspan(it.computed, piece.tokens - piece.guessed);
    batch.push_back({.tokens = piece.guessed > 0 ? std::span(piece.row_tokens) : known,
                     .position = it.computed,
                     .blocks = it.blocks,
                     .logits = piece.logits});
  }
  return batch;
}

}  // namespace mill::llm
