#include "llm/engine_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/assert.h"

namespace mill::llm {
namespace {

// Logits of more than one row a sequence (echo_logprobs) may fill 64 MiB; all else fits into one
// row for each that runs.
constexpr uint32_t kLogitsMax = 1U << 24;

// Guesses fill a step up to so many rows; a fuller one is bound by arithmetic, where they cost.
constexpr uint32_t kVerifyRowsMax = 16;

ScheduleOptions schedule_options(const Runner& runner, const EngineOptions& options) {
  const uint32_t rows = std::min(kLogitsMax / runner.vocab_size(), runner.batch_tokens_max());
  return {.chunk_tokens = options.chunk_tokens,
          .running_max = options.running_max,
          .batch_tokens_max = runner.batch_tokens_max(),
          .logit_rows_max = std::max(rows, options.running_max),
          .verify_rows_max = options.speculation == Speculation::off ? 0 : kVerifyRowsMax,
          .prefix_cache = options.prefix_cache,
          .quantum_tokens = options.quantum_tokens};
}

uint32_t context_of(const Runner& runner) {
  const uint64_t room = uint64_t{runner.block_count()} * kBlockTokens;
  return static_cast<uint32_t>(std::min<uint64_t>(runner.context_max(), room));
}

}  // namespace

Result<void> EngineOptions::validate() const {
  if (chunk_tokens == 0) return fail(ErrorKind::invalid, "chunk_tokens must be at least 1");
  if (running_max == 0) return fail(ErrorKind::invalid, "running_max must be at least 1");
  if (waiting_max == 0) return fail(ErrorKind::invalid, "waiting_max must be at least 1");
  if (sleep_after_ns < 0) return fail(ErrorKind::invalid, "sleep_after must not be negative");
  return {};
}

EngineCore::EngineCore(Runner& runner, Vocabulary vocabulary, const EngineOptions& options,
                       Clock clock, Joules joules)
    : runner_(&runner),
      vocabulary_(std::move(vocabulary)),
      limits_{.vocab = runner.vocab_size(), .context = context_of(runner)},
      speculation_(options.speculation),
      schedule_(schedule_options(runner, options), runner.block_count()),
      clock_(std::move(clock)),
      joules_(std::move(joules)) {
  stats_.energy.begin(joules_());
  ASSERT(limits_.vocab > 0 && limits_.vocab <= kVocabMax, limits_.vocab);
}

void EngineCore::add(uint64_t id, GenerateRequest request, EventSink sink, int64_t arrived) {
  const int64_t queue_ns_max = request.admission.queue_ns_max;
  std::optional<Constraint> constraint;
  if (request.grammar) constraint = constraints(request.shown).start(request.grammar);
  auto it = std::make_unique<Generation>(id, std::move(request), std::move(sink), limits_.context);
  it->times().arrived = arrived != 0 ? arrived : clock_();
  if (queue_ns_max > 0) deadlines_.emplace(it->times().arrived + queue_ns_max, id);
  if (constraint) it->constrain(std::move(*constraint));
  if (speculation_ == Speculation::lookup) it->speculate();
  enqueue(schedule_, it->sequence());
  generations_.emplace(id, std::move(it));
}

Constraints& EngineCore::constraints(const std::vector<TokenId>& shown) {
  const auto known = constraints_.find(shown);
  if (known != constraints_.end()) return known->second;
  std::vector<std::string> pieces(limits_.vocab);
  std::vector<TokenId> ends;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const auto token = static_cast<TokenId>(i);
    if (vocabulary_.ends_generation(token))
      ends.push_back(token);
    else
      pieces[i] = vocabulary_.piece(token);
  }
  for (const TokenId token : shown)
    if (static_cast<size_t>(token) < pieces.size() && !vocabulary_.ends_generation(token))
      pieces[static_cast<size_t>(token)] = vocabulary_.spelling(token);
  auto trie = std::make_shared<const TokenTrie>(std::move(pieces), std::move(ends));
  return constraints_.emplace(shown, Constraints(std::move(trie))).first->second;
}

void EngineCore::cancel(uint64_t id) {
  const auto found = generations_.find(id);
  if (found == generations_.end()) return;
  Generation& it = *found->second;
  finish(schedule_, it.sequence());
  it.cancel();
  finish_times(it, clock_());
  ++stats_.requests_cancelled;
  depart(it);
  generations_.erase(found);
}

void EngineCore::cancel_all() {
  while (!generations_.empty()) cancel(generations_.begin()->first);
}

void EngineCore::fail_all(const Error& error) {
  const int64_t now = clock_();
  for (auto& [id, it] : std::exchange(generations_, {})) {
    finish(schedule_, it->sequence());
    it->refuse(error);
    finish_times(*it, now);
  }
}

void EngineCore::rest() {
  ASSERT(schedule_.closed);
  empty_cache(schedule_, schedule_.pool.size());
  logits_ = {};
  scratch_ = {};
  runner_ = nullptr;
}

bool EngineCore::fits(const Runner& runner) const {
  return runner.vocab_size() == limits_.vocab && context_of(runner) >= limits_.context &&
         runner.batch_tokens_max() == schedule_.options.batch_tokens_max;
}

void EngineCore::resume(Runner& runner) {
  ASSERT(runner_ == nullptr && fits(runner));
  empty_cache(schedule_, runner.block_count());
  runner_ = &runner;
  open();
}

bool EngineCore::busy() const {
  return runner_ != nullptr && !(schedule_.closed ? quiet() : generations_.empty());
}

int64_t EngineCore::next_deadline() const {
  return deadlines_.empty() ? INT64_MAX : deadlines_.begin()->first;
}

// Requests whose time to begin is over, and who have not.
void EngineCore::refuse_late(int64_t now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto found = generations_.find(deadlines_.begin()->second);
    deadlines_.erase(deadlines_.begin());
    if (found == generations_.end() || found->second->times().scheduled != 0) continue;
    Generation& it = *found->second;
    const double waited = static_cast<double>(now - it.times().arrived) / 1e9;
    finish(schedule_, it.sequence());
    it.refuse({ErrorKind::exhausted,
               fmt::format("The request has waited for {:.1f} s and was not begun; try again later",
                           waited)});
    finish_times(it, now);
    ++stats_.requests_late;
    generations_.erase(found);
  }
}

bool EngineCore::step() {
  if (!deadlines_.empty()) refuse_late(clock_());
  if (runner_ == nullptr) return false;
  const Plan plan = plan_step(schedule_);
  if (plan.pieces.empty()) {  // also after the last one was cancelled
    was_idle_ = true;
    return false;
  }
  start_times(plan);
  if (was_idle_) stats_.energy.on_idle(joules_());
  logits_.resize(size_t{plan.logits} * limits_.vocab);
  if (!plan.copies.empty()) runner_->copy(plan.copies);
  runner_->step(batch_of(plan), logits_);
  share_energy(plan);
  commit(schedule_, plan);
  hand_out(plan);
  was_idle_ = generations_.empty();
  ++stats_.steps;
  return true;
}

// What is computed for several is drawn by all of them.
void EngineCore::share_energy(const Plan& plan) {
  const double drawn = stats_.energy.on_step(joules_());
  for (const PlannedPiece& piece : plan.pieces) {
    const auto heads = static_cast<double>(1 + piece.twins.size());
    const double each = drawn * piece.tokens / plan.tokens / heads;
    generations_.at(piece.sequence->id)->draw(each);
    for (const Sequence* twin : piece.twins) generations_.at(twin->id)->draw(each);
  }
}

void EngineCore::start_times(const Plan& plan) {
  const int64_t now = clock_();
  stats_.times.step.observe(plan.tokens);
  trail_.begin(schedule_.step, now);
  for (const PlannedPiece& piece : plan.pieces) {
    Generation& it = *generations_.at(piece.sequence->id);
    stats_.times.on_scheduled(it.times(), now);
    for (const Sequence* twin : piece.twins)
      stats_.times.on_scheduled(generations_.at(twin->id)->times(), now);
    const bool prefill = piece.sequence->remaining() > 1 || it.generated_tokens() == 0;
    if (prefill) stats_.prefill_tokens += piece.tokens;
    trail_.add({.sequence = piece.sequence->id, .tokens = piece.tokens, .prefill = prefill});
  }
}

// Each sequence gets its own rows, in the order of the pieces, and so do its twins that have joined
// it.
void EngineCore::hand_out(const Plan& plan) {
  std::span<const float> rest = logits_, hidden = runner_->hidden();
  now_ = clock_();
  const size_t width = plan.logits == 0 ? 0 : hidden.size() / plan.logits;
  trail_.end(now_);
  for (const PlannedPiece& piece : plan.pieces) {
    const auto rows = rest.first(size_t{piece.logits} * limits_.vocab);
    rest = rest.subspan(rows.size());
    const auto states = hidden.first(piece.logits * width);
    hidden = hidden.subspan(states.size());
    give(piece, *generations_.at(piece.sequence->id), rows, states);
    for (const Sequence* twin : piece.twins)
      if (twin->behind == 0) give(piece, *generations_.at(twin->id), rows, states);
  }
}

void EngineCore::give(const PlannedPiece& piece, Generation& it, std::span<const float> rows,
                      std::span<const float> states) {
  const uint32_t before = it.generated_tokens();
  it.at(now_);
  const bool finished = it.take(rows, states, limits_.vocab, vocabulary_, scratch_);
  count(piece, it, before);
  if (finished) {
    finish_times(it, now_);
    remove(it);
  } else if (piece.guessed > 0) {
    settle(schedule_, it.sequence(), it.accepted());
  }
}

// What a piece has brought. An embedding has no tokens, but its prompt was computed.
void EngineCore::count(const PlannedPiece& piece, Generation& it, uint32_t before) {
  const uint32_t generated = it.generated_tokens() - before;
  stats_.times.on_tokens(it.times(), generated, now_);
  stats_.generated_tokens += generated;
  stats_.guessed_tokens += piece.guessed;
  if (piece.guessed > 0) stats_.accepted_tokens += it.accepted();
  const bool embedded = it.generated_tokens() == 0 && it.finish() == FinishReason::stop;
  if (!embedded && (before > 0 || generated == 0)) return;
  stats_.prompt_tokens += it.prompt_tokens();
  stats_.cached_tokens += it.sequence().cached_tokens;
}

void EngineCore::finish_times(Generation& it, int64_t now) {
  ++stats_.finished[static_cast<size_t>(it.finish())];
  stats_.times.on_finished(it.times(), now);
  stats_.times.prompt.observe(it.prompt_tokens());
  stats_.times.generated.observe(it.generated_tokens());
}

void EngineCore::depart(const Generation& it) {
  trail_.depart({.sequence = it.sequence().id,
                 .request = it.admission().request,
                 .tenant = it.admission().tenant});
}

void EngineCore::remove(Generation& it) {
  finish(schedule_, it.sequence());
  ++stats_.requests_done;
  depart(it);
  generations_.erase(it.sequence().id);
}

EngineStats EngineCore::stats() const {
  EngineStats stats = stats_;
  stats.running = static_cast<uint32_t>(schedule_.running.size());
  stats.waiting = static_cast<uint32_t>(schedule_.waiting());
  stats.yields = schedule_.yields;
  stats.fairness = schedule_.tenants.fairness();
  for (const auto& [name, it] : schedule_.tenants.all()) stats.tenants += it.active > 0;
  stats.blocks_used = schedule_.pool.held();
  stats.blocks_total = schedule_.pool.size();
  return stats;
}

}  // namespace mill::llm
