#include "llm/generation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "llm/sample/softmax.h"

namespace mill::llm {
namespace {

Sequence sequence_of(uint64_t id, GenerateRequest& request) {
  Sequence sequence;
  sequence.id = id;
  sequence.tokens = std::move(request.prompt);
  const bool all = request.echo_logprobs || request.embed;
  sequence.wanted = all ? 0 : sequence.size() - 1;
  sequence.priority = request.admission.priority;
  sequence.tenant = request.admission.tenant;
  return sequence;
}

}  // namespace

Generation::Generation(uint64_t id, GenerateRequest request, EventSink sink, uint32_t context)
    : request_(std::move(request)),
      sink_(std::move(sink)),
      sequence_(sequence_of(id, request_)),
      sampler_(request_.sampling, sequence_.tokens),
      stop_(request_.stop),
      prompt_tokens_(sequence_.size()),
      tokens_max_(context - prompt_tokens_),
      thoughts_(request_.thoughts) {
  ASSERT(prompt_tokens_ > 0 && prompt_tokens_ < context, prompt_tokens_, context);
  if (request_.tokens_max > 0) tokens_max_ = std::min(tokens_max_, request_.tokens_max);
}

bool Generation::take(std::span<const float> rows, std::span<const float> hidden, size_t vocab,
                      const Vocabulary& vocabulary, SampleScratch& scratch) {
  if (rows.empty()) return false;
  if (request_.embed) return pool(hidden, rows.size() / vocab);
  if (request_.echo_logprobs && generated_ == 0) {
    if (auto told = echo(rows, vocab); !told) {
      GenerateEvent broken = event();
      broken.finish = FinishReason::error;
      broken.error = std::move(told).error();
      tell(std::move(broken));
      return true;
    }
  }
  if (sequence_.remaining() > 0) return false;
  if (generated_ == 0) rows = rows.last(vocab);
  const bool finished = answer(rows, vocab, vocabulary, scratch);
  if (!finished) guess_on(static_cast<uint32_t>(rows.size() / vocab) - 1);
  return finished;
}

// The first row is that of the last token, the others of the guess. Each gives the token that it
// would have given without a guess; those behind the first that was guessed wrongly are worthless.
bool Generation::answer(std::span<const float> rows, size_t vocab, const Vocabulary& vocabulary,
                        SampleScratch& scratch) {
  for (accepted_ = 0;; ++accepted_) {
    GenerateEvent it = generate(rows.first(vocab), vocabulary, scratch);
    const bool finished = it.finish != FinishReason::none;
    tell(std::move(it));
    rows = rows.subspan(vocab);
    if (finished) return true;
    if (rows.empty() || sequence_.tokens.back() != sequence_.guess[accepted_]) return false;
  }
}

// No further than to the last token but one: that one's logits give the last.
void Generation::guess_on(uint32_t tried) {
  if (!speculator_) return;
  speculator_->tried(tried, accepted_);
  sequence_.guess = speculator_->guess(sequence_.tokens, tokens_max_ - generated_ - 1);
}

// Position by position, so that the sum does not depend on how the prompt was cut into chunks.
bool Generation::pool(std::span<const float> hidden, size_t rows) {
  GenerateEvent it = event();
  if (hidden.empty()) {
    it.finish = FinishReason::error;
    it.error = {ErrorKind::unsupported,
                "this model's runner tells no hidden states, so there are no embeddings"};
    tell(std::move(it));
    return true;
  }
  const size_t width = hidden.size() / rows;
  pooled_.resize(width);
  for (size_t i = 0; i < hidden.size(); ++i) pooled_[i % width] += hidden[i];
  if (sequence_.remaining() > 0) return false;
  double squares = 0;
  for (const double sum : pooled_) squares += sum * sum;
  const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (const double sum : pooled_) it.embedding.push_back(static_cast<float>(sum * scale));
  it.finish = FinishReason::stop;
  tell(std::move(it));
  return true;
}

void Generation::cancel() {
  GenerateEvent it = event();
  it.finish = FinishReason::cancelled;
  tell(std::move(it));
}

void Generation::refuse(Error error) {
  GenerateEvent it = event();
  it.finish = FinishReason::error;
  it.error = std::move(error);
  tell(std::move(it));
}

GenerateEvent Generation::event() const {
  RequestTimes times = times_;
  if (generated_ > 0) times.last_token = now_;
  if (generated_ > 0 && times.first_token == 0) times.first_token = now_;
  return {.prompt_tokens = prompt_tokens_,
          .cached_tokens = sequence_.cached_tokens,
          .generated_tokens = generated_,
          .joules = joules_,
          .times = times};
}

void Generation::tell(GenerateEvent&& it) {
  finish_ = it.finish;
  try {
    sink_(std::move(it));
  } catch (...) {
    ASSERT(false && "an event sink threw", sequence_.id);
  }
}

// A token and, where they are asked for, its logprob and alternatives.
void Generation::report(GenerateEvent& it, std::span<const float> logits, TokenId token) const {
  it.tokens.push_back(token);
  if (request_.logprobs < 0 && !it.echo) return;
  const auto count = static_cast<uint32_t>(std::max(request_.logprobs, 0));
  Logprobs found = logprobs_of(logits, token, count);
  it.logprobs.push_back(found.chosen);
  it.alternatives.push_back(std::move(found.alternatives));
}

// The logits of a position tell how likely the token behind it was. Those of the prompt's last
// position have no such token; they are for the answer.
Result<void> Generation::echo(std::span<const float> rows, size_t vocab) {
  GenerateEvent it = event();
  it.echo = true;
  const size_t first = sequence_.computed - rows.size() / vocab;
  if (first == 0) {
    it.tokens.push_back(sequence_.tokens[0]);
    it.logprobs.push_back({sequence_.tokens[0], std::numeric_limits<float>::quiet_NaN()});
    it.alternatives.emplace_back();
  }
  for (size_t next = first + 1; !rows.empty() && next < sequence_.size(); ++next) {
    TRY(largest_logit(rows.first(vocab)));
    report(it, rows.first(vocab), sequence_.tokens[next]);
    rows = rows.subspan(vocab);
  }
  if (!it.tokens.empty()) tell(std::move(it));
  return {};
}

GenerateEvent Generation::generate(std::span<const float> logits, const Vocabulary& vocabulary,
                                   SampleScratch& scratch) {
  const Result<TokenId> token = choose(logits, scratch);
  if (token) {
    sampler_.accept(*token);
    sequence_.tokens.push_back(*token);
    ++generated_;
  }
  GenerateEvent it = event();
  if (token) {
    report(it, logits, *token);
    it.finish = append_text(*token, vocabulary, it.text);
    it.step = it.finish == FinishReason::stop && ends_step() && !stop_.matched() &&
              !vocabulary.ends_generation(*token);
  } else {
    it.finish = FinishReason::error;
    it.error = token.error();
  }
  return it;
}

Result<TokenId> Generation::choose(std::span<const float> logits, SampleScratch& scratch) {
  if (const std::optional<TokenId> due = thoughts_.due()) {
    if (constraint_) TRY(constraint_->advance(*due));
    return *due;
  }
  if (!constraint_) return sampler_.choose(logits, scratch);
  TRY_ASSIGN(const TokenId token, choose_constrained(logits, scratch));
  TRY(constraint_->advance(token));
  return token;
}

// A lazy grammar is asked about what was drawn, and for its mask only if that will not do: then
// the two draws together are one from the mask (p + (1 − A) p/A = p/A, where A is what is allowed).
// Under any other, a token that would leave no way to the end within the limit is drawn again.
Result<TokenId> Generation::choose_constrained(std::span<const float> logits,
                                               SampleScratch& scratch) {
  if (request_.lazy) {
    TRY_ASSIGN(const TokenId token, sampler_.choose(logits, scratch));
    if (constraint_->allows(token)) return token;
  }
  const TokenMask& allowed = constraint_->mask();
  if (allowed.count() == 0) return std::unexpected(constraint_->why_nothing());
  TRY_ASSIGN(TokenId token, sampler_.choose(logits, scratch, &allowed));
  const uint32_t left = tokens_max_ - generated_;
  if (request_.lazy || constraint_->can_finish_after(token, left)) return token;
  const TokenMask& finishing = constraint_->mask_to_finish(left);
  return sampler_.choose(logits, scratch, &finishing);
}

// What the token adds to the text that may be shown, and whether it is the last one.
FinishReason Generation::append_text(TokenId token, const Vocabulary& vocabulary,
                                     std::string& text) {
  const bool ends = !request_.ignore_end && vocabulary.ends_generation(token);
  const auto& shown = request_.shown;
  const bool spelt = std::find(shown.begin(), shown.end(), token) != shown.end();
  const std::string piece = spelt ? vocabulary.spelling(token) : vocabulary.piece(token);
  thoughts_.took(piece);
  line_.feed(piece);
  // Within a call a stop string is none: it would break the call off.
  const bool calling = constraint_ && request_.lazy && !constraint_->may_end();
  const std::string whole_characters = characters_.feed(piece);
  if (!ends) text += calling ? stop_.pass(whole_characters) : stop_.feed(whole_characters);
  const bool complete = constraint_ && constraint_->must_end();
  const bool over = stop_.matched() || ends || complete || ends_step();
  if (!over && generated_ < tokens_max_) return FinishReason::none;
  text += stop_.feed(characters_.finish());
  text += stop_.finish();
  const bool whole = complete || (constraint_ && !request_.lazy && constraint_->may_end());
  return over || whole || stop_.matched() ? FinishReason::stop : FinishReason::length;
}

}  // namespace mill::llm
