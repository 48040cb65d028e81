#include "llm/schedule/prefill.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "llm/schedule/twins.h"

namespace mill::llm {
namespace {

// The next full block of a sequence, as the cache knows it; nothing where its tokens do not fill
// it, or where its logits are wanted, so that it must be computed in any case.
struct NextBlock {
  BlockId parent = kNoBlock;
  std::span<const TokenId> tokens;

  bool operator==(const NextBlock& other) const {
    return parent == other.parent && std::ranges::equal(tokens, other.tokens);
  }
};

std::optional<NextBlock> next_block(const Sequence& sequence) {
  const uint32_t start = sequence.computed, i = start / kBlockTokens;
  if (start % kBlockTokens != 0 || start + kBlockTokens > sequence.wanted) return std::nullopt;
  return NextBlock{.parent = i == 0 ? kNoBlock : sequence.blocks[i - 1],
                   .tokens = std::span(sequence.tokens).subspan(start, kBlockTokens)};
}

uint32_t logits_of(const Sequence& sequence, uint32_t tokens) {
  const uint32_t end = sequence.computed + tokens;
  return end - std::min(end, std::max(sequence.computed, sequence.wanted));
}

struct Grant {
  Sequence* sequence = nullptr;
  uint32_t most = 0;    // tokens that it could take
  uint32_t tokens = 0;  // that it gets
};

// Those with a prompt to compute, the least recently served first. Of several that are about to
// compute the very same block (prompts that begin alike), only the first goes on now: the others
// find the block in the cache in the next step.
std::vector<Grant> hungry(Schedule& schedule, const Beside& beside, Plan& plan) {
  std::vector<Grant> grants;
  for (Sequence* sequence : schedule.running) {
    if (sequence->remaining() <= 1 || sequence->behind != 0 || beside.ahead(*sequence)) continue;
    adopt_cached(schedule, *sequence);
    copy_tail(schedule, *sequence, plan);
    grants.push_back({.sequence = sequence, .most = sequence->remaining()});
  }
  std::ranges::sort(
      grants, {}, [](const Grant& it) { return std::pair(it.sequence->served, it.sequence->id); });
  if (!schedule.options.prefix_cache) return grants;
  std::vector<NextBlock> begun;
  std::erase_if(grants, [&](const Grant& grant) {
    const auto next = next_block(*grant.sequence);
    if (!next) return false;
    if (std::ranges::find(begun, *next) != begun.end()) return true;
    begun.push_back(*next);
    return false;
  });
  return grants;
}

// A sequence that wants logits of many of its tokens is held to the rows that are left.
void limit_logits(const Schedule& schedule, std::vector<Grant>& grants) {
  uint32_t rows = schedule.options.logit_rows_max - static_cast<uint32_t>(schedule.running.size());
  for (Grant& grant : grants) {
    const Sequence& it = *grant.sequence;
    const uint32_t free_tokens = std::max(it.wanted, it.computed) - it.computed;
    const uint32_t most = free_tokens + 1 + rows;  // one row is everybody's
    grant.most = std::min(grant.most, most);
    rows -= std::max(logits_of(it, grant.most), 1U) - 1;
  }
}

// Equal shares of at least a block; what the short ones leave goes to the others.
void share_out(std::vector<Grant>& grants, uint32_t budget) {
  for (bool given = true; given && budget > 0;) {
    given = false;
    const auto unsated = [](const Grant& it) { return it.tokens < it.most; };
    const auto count = static_cast<uint32_t>(std::ranges::count_if(grants, unsated));
    const uint32_t share = count == 0 ? 0 : std::max(budget / count, kBlockTokens);
    for (Grant& grant : grants) {
      const uint32_t more = std::min({share, grant.most - grant.tokens, budget});
      grant.tokens += more;
      budget -= more;
      given = given || more > 0;
    }
  }
}

}  // namespace

void add_piece(Plan& plan, Sequence& sequence, uint32_t tokens) {
  const uint32_t logits = logits_of(sequence, tokens);
  plan.pieces.push_back({.sequence = &sequence, .tokens = tokens, .logits = logits});
  plan.tokens += tokens;
  plan.logits += logits;
}

void adopt_cached(Schedule& schedule, Sequence& sequence) {
  if (!schedule.options.prefix_cache) return;
  while (const auto next = next_block(sequence)) {
    const BlockId found = schedule.pool.find(next->parent, next->tokens);
    if (found == kNoBlock) return;
    schedule.pool.share(found);
    const uint32_t i = sequence.computed / kBlockTokens;
    if (i < sequence.blocks.size()) {
      schedule.pool.release(sequence.blocks[i]);  // a fresh one, taken when it was admitted
      sequence.blocks[i] = found;
    } else {
      sequence.blocks.push_back(found);
    }
    sequence.computed += kBlockTokens;
    sequence.charged = std::max(sequence.charged, sequence.computed);
    ++sequence.published;
    if (!sequence.yielded) sequence.cached_tokens += kBlockTokens;
  }
}

void plan_prefills(Schedule& schedule, Beside& beside, Plan& plan) {
  std::vector<Grant> grants = hungry(schedule, beside, plan);
  std::erase_if(grants, [&](const Grant& grant) {  // all but the last token was there
    if (grant.sequence->remaining() > 1) return false;
    add_piece(plan, *grant.sequence, 1);
    return true;
  });
  limit_logits(schedule, grants);
  share_out(grants,
            std::min(chunk_of(schedule, plan), schedule.options.batch_tokens_max - plan.tokens));
  for (const Grant& grant : grants) {
    if (grant.tokens == 0) continue;
    add_piece(plan, *grant.sequence, grant.tokens);
    beside.earn(grant.tokens);
  }
}

}  // namespace mill::llm
