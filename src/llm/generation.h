#pragma once
// One request's life, from logits to events: sample, end or go on, decode, hold back, tell.

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "llm/constrain/constraint.h"
#include "llm/engine_times.h"
#include "llm/request.h"
#include "llm/sample/line_end.h"
#include "llm/sample/sampler.h"
#include "llm/sample/stop_text.h"
#include "llm/schedule/scheduler.h"
#include "llm/speculate/speculator.h"

namespace mill::llm {

// What the engine asks of a tokenizer.
struct Vocabulary {
  std::function<std::string(TokenId)> piece;  // bytes that the token adds; "" for control tokens
  std::function<bool(TokenId)> ends_generation;
  std::function<std::string(TokenId)> spelling = {};  // the same, but control tokens spelt out
};

class Generation {
 public:
  // The request has been validated against the context.
  Generation(uint64_t id, GenerateRequest, EventSink, uint32_t context);
  void constrain(Constraint constraint) { constraint_ = std::move(constraint); }
  void speculate() { speculator_.emplace(); }

  // Rows of logits of the positions that end at sequence().computed, the wanted ones, and of those
  // behind it that have been computed of its guess. Tells the sink; true once the request has
  // finished.
  // `hidden`: the hidden states of the same positions, where the runner tells them.
  bool take(std::span<const float> rows, std::span<const float> hidden, size_t vocab,
            const Vocabulary&, SampleScratch&);
  void cancel();       // tells the sink; the last event
  void refuse(Error);  // the same

  Sequence& sequence() { return sequence_; }
  const Sequence& sequence() const { return sequence_; }
  uint32_t generated_tokens() const { return generated_; }
  uint32_t accepted() const { return accepted_; }  // tokens of the guess, in the last take()
  uint32_t prompt_tokens() const { return prompt_tokens_; }
  FinishReason finish() const { return finish_; }  // of the last event
  RequestTimes& times() { return times_; }
  const RequestTimes& times() const { return times_; }
  const Admission& admission() const { return request_.admission; }
  double joules() const { return joules_; }
  void draw(double joules) { joules_ += joules; }
  void at(int64_t now) { now_ = now; }  // of the tokens that take() will tell

 private:
  GenerateEvent event() const;
  void tell(GenerateEvent&&);
  void report(GenerateEvent&, std::span<const float> logits, TokenId) const;
  Result<void> echo(std::span<const float> rows, size_t vocab);
  GenerateEvent generate(std::span<const float> logits, const Vocabulary&, SampleScratch&);
  Result<TokenId> choose(std::span<const float> logits, SampleScratch&);
  Result<TokenId> choose_constrained(std::span<const float> logits, SampleScratch&);
  bool answer(std::span<const float> rows, size_t vocab, const Vocabulary&, SampleScratch&);
  void guess_on(uint32_t tried);
  bool pool(std::span<const float> hidden, size_t rows);
  FinishReason append_text(TokenId, const Vocabulary&, std::string& text);
  bool ends_step() const { return request_.step && line_.reached(); }

  GenerateRequest request_;  // its prompt has moved into the sequence
  EventSink sink_;
  Sequence sequence_;
  Sampler sampler_;
  std::optional<Constraint> constraint_;
  std::optional<Speculator> speculator_;
  Utf8Stream characters_;
  StopText stop_;
  LineEnd line_;
  uint32_t prompt_tokens_, tokens_max_;
  uint32_t generated_ = 0;
  uint32_t accepted_ = 0;
  FinishReason finish_ = FinishReason::none;
  RequestTimes times_;
  int64_t now_ = 0;
  double joules_ = 0;
  ThoughtClock thoughts_;
  std::vector<double> pooled_;  // sum of hidden states, for an embedding
};

}  // namespace mill::llm
