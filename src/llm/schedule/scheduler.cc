#include "llm/schedule/scheduler.h"

#include <algorithm>

#include "base/assert.h"
#include "llm/schedule/prefill.h"
#include "llm/schedule/verify.h"

namespace mill::llm {
namespace {

uint32_t blocks_for(uint32_t tokens) { return (tokens + kBlockTokens - 1) / kBlockTokens; }

void release_blocks(Schedule& schedule, Sequence& sequence) {
  // The deepest first, as the pool wants it.
  for (; !sequence.blocks.empty(); sequence.blocks.pop_back())
    schedule.pool.release(sequence.blocks.back());
  sequence.computed = sequence.published = 0;
}

void yield_youngest(Schedule& schedule) {
  Sequence& youngest = *schedule.running.back();
  schedule.running.pop_back();
  release_blocks(schedule, youngest);
  youngest.yielded = true;
  ++schedule.yields;
  schedule.waiting.push_front(&youngest);  // older than all that wait
}

// Room for one more token in every running sequence; the youngest yield where there is none.
void grow(Schedule& schedule) {
  for (size_t i = 0; i < schedule.running.size(); ++i) {
    Sequence& sequence = *schedule.running[i];
    while (sequence.blocks.size() < blocks_for(sequence.size())) {
      if (schedule.pool.available() > 0) {
        sequence.blocks.push_back(schedule.pool.take());
        continue;
      }
      yield_youngest(schedule);
      if (schedule.running.size() == i) return;  // it was this one
    }
  }
}

// Takes the blocks of the oldest that waits, found or fresh; or nothing, if there are too few.
bool admit_oldest(Schedule& schedule) {
  Sequence& sequence = *schedule.waiting.front();
  adopt_cached(schedule, sequence);
  const size_t missing = blocks_for(sequence.size()) - sequence.blocks.size();
  if (schedule.pool.available() < missing + schedule.running.size()) {
    release_blocks(schedule, sequence);
    if (!sequence.yielded) sequence.cached_tokens = 0;
    return false;
  }
  while (sequence.blocks.size() < blocks_for(sequence.size()))
    sequence.blocks.push_back(schedule.pool.take());
  schedule.waiting.pop_front();
  sequence.served = schedule.step;
  schedule.running.push_back(&sequence);
  return true;
}

void admit(Schedule& schedule) {
  const uint32_t most = std::min(schedule.options.running_max, schedule.options.batch_tokens_max);
  while (!schedule.waiting.empty() && schedule.running.size() < most)
    if (!admit_oldest(schedule)) break;
}

void plan_decodes(const Schedule& schedule, Plan& plan) {
  for (Sequence* sequence : schedule.running)
    if (sequence->remaining() == 1) add_piece(plan, *sequence, 1);
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

Schedule::Schedule(ScheduleOptions given, uint32_t blocks) : options(given), pool(blocks) {
  ASSERT(options.logit_rows_max >= options.running_max, options.logit_rows_max);
  ASSERT(options.chunk_tokens > 0 && options.running_max > 0 && options.batch_tokens_max > 0);
}

void enqueue(Schedule& schedule, Sequence& sequence) {
  ASSERT(!sequence.tokens.empty() && blocks_for(sequence.size()) <= schedule.pool.size());
  ASSERT(schedule.waiting.empty() || schedule.waiting.back()->id < sequence.id, sequence.id);
  schedule.waiting.push_back(&sequence);
}

Plan plan_step(Schedule& schedule) {
  ++schedule.step;
  grow(schedule);
  admit(schedule);
  Plan plan;
  plan_decodes(schedule, plan);
  plan_prefills(schedule, plan);
  plan_guesses(schedule, plan);
  return plan;
}

void commit(Schedule& schedule, const Plan& plan) {
  for (const PlannedPiece& piece : plan.pieces) {
    Sequence& sequence = *piece.sequence;
    sequence.computed += piece.tokens - piece.guessed;
    sequence.wanted = std::max(sequence.wanted, sequence.computed);
    sequence.served = schedule.step;
    if (schedule.options.prefix_cache) publish_full_blocks(schedule.pool, sequence);
  }
}

void settle(Schedule& schedule, Sequence& sequence, uint32_t accepted) {
  sequence.computed += accepted;
  sequence.wanted = std::max(sequence.wanted, sequence.computed);
  ASSERT(sequence.remaining() == 1, sequence.computed, sequence.size());
  if (schedule.options.prefix_cache) publish_full_blocks(schedule.pool, sequence);
  for (; sequence.blocks.size() > blocks_for(sequence.size()); sequence.blocks.pop_back())
    schedule.pool.release(sequence.blocks.back());
}

void finish(Schedule& schedule, Sequence& sequence) {
  release_blocks(schedule, sequence);
  if (std::erase(schedule.running, &sequence) == 0) std::erase(schedule.waiting, &sequence);
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
