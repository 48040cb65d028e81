// What must hold of a schedule between any two calls, and of a plan just made.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "llm/schedule/scheduler.h"

namespace mill::llm {
namespace {

bool in_order(const auto& sequences) {
  return std::ranges::is_sorted(
      sequences, [](const Sequence* a, const Sequence* b) { return goes_before(*a, *b); });
}

std::string tenant_violation(const Schedule& schedule) {
  if (!in_order(schedule.running)) return "one runs behind another that it goes before";
  std::map<const Tenant*, uint32_t> active;
  size_t waiting = 0;
  for (const Sequence* it : schedule.running) ++active[it->account];
  for (const auto& [name, tenant] : schedule.tenants.all()) {
    if (!in_order(tenant.waiting)) return fmt::format("'{}' waits out of order", name);
    waiting += tenant.waiting.size();
    active[&tenant] += static_cast<uint32_t>(tenant.waiting.size());
    if (active[&tenant] != tenant.active)
      return fmt::format("'{}': {} in the books, {} active", name, tenant.active, active[&tenant]);
    for (const Sequence* it : tenant.waiting)
      if (it->account != &tenant || !it->blocks.empty() || it->computed > 0)
        return fmt::format("sequence {} waits and holds blocks, or is another's", it->id);
  }
  return waiting == schedule.waiting() ? "" : "the number of those that wait is wrong";
}

std::string sequence_violation(const Schedule& schedule, const Sequence& it) {
  if (it.computed > it.size() || it.wanted < it.computed || it.wanted > it.size())
    return fmt::format("{} computed, {} wanted of {} tokens", it.computed, it.wanted, it.size());
  if (it.behind != 0 && (!it.blocks.empty() || it.computed > 0))
    return fmt::format("is behind {} and holds blocks", it.behind);
  if (it.computed > it.blocks.size() * kBlockTokens)
    return fmt::format("{} tokens computed in {} blocks", it.computed, it.blocks.size());
  const uint64_t turn = std::max(it.served, it.held_back);
  if (it.remaining() > 0 && schedule.step - turn > 2 * schedule.options.running_max)
    return fmt::format("starves since step {}", it.served);
  const uint32_t full = it.computed / kBlockTokens;
  if (schedule.options.prefix_cache && it.published != full)
    return fmt::format("{} of {} full blocks published", it.published, full);
  for (uint32_t i = 0; i < it.blocks.size(); ++i)
    if (schedule.pool.published(it.blocks[i]) != (i < it.published))
      return fmt::format("block table entry {} of {} published", i, it.published);
  return "";
}

std::string reference_violation(const Schedule& schedule) {
  std::map<BlockId, uint32_t> holders;
  for (const Sequence* it : schedule.running)
    for (BlockId block : it->blocks) ++holders[block];
  if (holders.size() != schedule.pool.held())
    return fmt::format("{} blocks held by sequences, {} in the pool's books", holders.size(),
                       schedule.pool.held());
  for (auto [block, count] : holders) {
    if (schedule.pool.references(block) != count)
      return fmt::format("block {} has {} holders, {} references", block, count,
                         schedule.pool.references(block));
    if (count > 1 && !schedule.pool.published(block))
      return fmt::format("block {} is shared and still written to", block);
  }
  return "";
}

std::string twins_violation(const PlannedPiece& piece) {
  for (const Sequence* twin : piece.twins)
    if (twin->behind != piece.sequence->id || twin->tokens != piece.sequence->tokens)
      return fmt::format("sequence {} is no twin of {}", twin->id, piece.sequence->id);
  return "";
}

std::string copies_violation(const Schedule& schedule, const Plan& plan) {
  for (const BlockCopy& it : plan.copies)
    if (it.from == it.to || schedule.pool.published(it.to))
      return fmt::format("block {} is copied to {}", it.from, it.to);
  return "";
}

std::string piece_violation(const Schedule& schedule, const PlannedPiece& piece) {
  const Sequence& it = *piece.sequence;
  if (piece.tokens == piece.guessed || piece.tokens - piece.guessed > it.remaining() ||
      piece.guessed > it.guess.size())
    return fmt::format("sequence {} gets {} of {} tokens", it.id, piece.tokens, it.remaining());
  const uint32_t last = (it.computed + piece.tokens - 1) / kBlockTokens;
  if (last >= it.blocks.size()) return fmt::format("sequence {} writes past its blocks", it.id);
  for (uint32_t i = it.computed / kBlockTokens; i <= last; ++i)
    if (schedule.pool.published(it.blocks[i]))
      return fmt::format("sequence {} writes to a published block", it.id);
  return "";
}

}  // namespace

std::string violation(const Schedule& schedule) {
  if (std::string text = schedule.pool.violation(); !text.empty()) return text;
  if (std::string text = tenant_violation(schedule); !text.empty()) return text;
  for (const Sequence* it : schedule.running)
    if (std::string text = sequence_violation(schedule, *it); !text.empty())
      return fmt::format("sequence {}: {}", it->id, text);
  return reference_violation(schedule);
}

std::string violation(const Schedule& schedule, const Plan& plan) {
  const ScheduleOptions& options = schedule.options;
  std::set<const Sequence*> planned;
  uint32_t tokens = 0, prompt_tokens = 0, logits = 0, decoding = 0, guessed = 0;
  for (const PlannedPiece& piece : plan.pieces) {
    if (!planned.insert(piece.sequence).second) return "a sequence has two pieces";
    if (std::string text = piece_violation(schedule, piece); !text.empty()) return text;
    if (std::string text = twins_violation(piece); !text.empty()) return text;
    tokens += piece.tokens;
    logits += piece.logits;
    if (piece.sequence->remaining() > 1) prompt_tokens += piece.tokens;
    decoding += piece.sequence->remaining() == 1;
    guessed += piece.guessed;
  }
  if (std::string text = copies_violation(schedule, plan); !text.empty()) return text;
  if (tokens != plan.tokens || logits != plan.logits) return "the plan's sums are wrong";
  if (tokens > options.batch_tokens_max || prompt_tokens > options.chunk_tokens)
    return fmt::format("{} tokens, {} of prompts in a step", tokens, prompt_tokens);
  if (guessed > 0 && decoding + guessed > options.verify_rows_max)
    return fmt::format("{} guesses beside {} that decode", guessed, decoding);
  if (logits > options.logit_rows_max) return fmt::format("{} rows of logits in a step", logits);
  bool work = schedule.running.empty() && schedule.waiting() > 0;
  for (const Sequence* it : schedule.running) {
    work = work || it->remaining() > 0;
    const bool held_back = plan.guarded && it->held_back == schedule.step;
    if (it->remaining() == 1 && !planned.contains(it) && !held_back)
      return fmt::format("sequence {} decodes and is left out", it->id);
  }
  return work && planned.empty() ? "there is work and none is planned" : "";
}

}  // namespace mill::llm
