#include "llm/schedule/beside.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "llm/schedule/prefill.h"

namespace mill::llm {
namespace {

// Answers under way do not stall behind a prompt: by a + b·t (beside.h) a step of 128 tokens takes
// a quarter of one of 512, and prompts go 3 % slower.
constexpr uint32_t kDecodeChunk = 128;
// Nobody's request waits for a long step of another tenant's.
constexpr uint32_t kMixedChunk = 64;
constexpr uint64_t kMixedSteps = 4096;  // for so long after there were several tenants

// Tokens that are saved up for those that are ahead, and given several at a time: one by one, they
// made a small tenant's decoding 12 % slower, eight by eight not measurably (135M, Q8_0, a Zen 4).
constexpr double kBesideLeast = 8, kBesideMax = 64;

std::vector<Sequence*> ahead_in_turn(const Schedule& schedule, const Beside& beside) {
  std::vector<Sequence*> all;
  for (Sequence* it : schedule.running)
    if (it->remaining() > 0 && beside.ahead(*it)) all.push_back(it);
  std::ranges::sort(all, {}, [](const Sequence* it) { return std::pair(it->served, it->id); });
  return all;
}

uint32_t prompt_tokens(const Plan& plan) {
  uint32_t tokens = 0;
  for (const PlannedPiece& piece : plan.pieces)
    if (piece.sequence->remaining() > 1) tokens += piece.tokens;
  return tokens;
}

// At most a block of a prompt, and one row of logits, which everybody has.
uint32_t piece_of(const Sequence& it) {
  const uint32_t free_tokens = std::max(it.wanted, it.computed) - it.computed;
  return std::min({it.remaining(), kBlockTokens, free_tokens + 1});
}

}  // namespace

Beside::Beside(Schedule& schedule) : schedule_(schedule) {
  uint64_t least = UINT64_MAX, most = 0;
  for (const Sequence* it : schedule.running) {
    if (it->remaining() == 0) continue;
    least = std::min(least, it->account->used);
    most = std::max(most, it->account->used);
  }
  if (least == UINT64_MAX) return;
  line_ = least + schedule.options.quantum_tokens;
  guarded_ = most > line_;
  if (!guarded_) schedule.beside = 0;
  earn(kStepTokens);
  open_ = schedule.beside >= kBesideLeast;
}

void Beside::earn(double tokens) {
  if (guarded_) schedule_.beside = std::min(schedule_.beside + kBesideShare * tokens, kBesideMax);
}

uint32_t Beside::grant(Sequence& it, uint32_t most) {
  const uint32_t tokens = open_ ? std::min(most, static_cast<uint32_t>(schedule_.beside)) : 0;
  schedule_.beside -= tokens;
  if (tokens == 0) it.held_back = schedule_.step;
  return tokens;
}

void plan_beside(Schedule& schedule, Beside& beside, Plan& plan) {
  if (!beside.guarded()) return;
  uint32_t room = schedule.options.batch_tokens_max - plan.tokens;
  uint32_t prompt_room = schedule.options.chunk_tokens - prompt_tokens(plan);
  for (Sequence* it : ahead_in_turn(schedule, beside)) {
    if (it->behind != 0) {
      it->held_back = schedule.step;
      continue;
    }
    adopt_cached(schedule, *it);
    const bool prompt = it->remaining() > 1;
    const uint32_t most = std::min({piece_of(*it), room, prompt ? prompt_room : 1});
    const uint32_t tokens = beside.grant(*it, most);
    if (tokens == 0) continue;
    add_piece(plan, *it, tokens);
    plan.pieces.back().beside = true;
    room -= tokens;
    if (prompt) prompt_room -= tokens;
  }
}

uint32_t chunk_of(Schedule& schedule, const Plan& plan) {
  const auto active = std::ranges::count_if(
      schedule.tenants.all(), [](const auto& entry) { return entry.second.active > 0; });
  if (active > 1) schedule.mixed_until = schedule.step + kMixedSteps;
  uint32_t most = schedule.options.chunk_tokens;
  if (!plan.pieces.empty()) most = std::min(most, kDecodeChunk);
  return schedule.step < schedule.mixed_until ? std::min(most, kMixedChunk) : most;
}

void count_contention(Schedule& schedule, const Plan& plan) {
  if (schedule.tenants.all().size() < 2) return;
  std::map<const Tenant*, uint32_t> tokens;  // of those that wanted more
  for (const auto& [name, it] : schedule.tenants.all())
    if (!it.waiting.empty()) tokens[&it] = 0;
  for (const Sequence* it : schedule.running)
    if (it->held_back == schedule.step) tokens[it->account] = 0;
  if (tokens.size() < 2) return;
  for (const PlannedPiece& piece : plan.pieces)
    if (const auto found = tokens.find(piece.sequence->account); found != tokens.end())
      found->second += piece.tokens - piece.guessed;
  schedule.tenants.contend(tokens);
}

}  // namespace mill::llm
