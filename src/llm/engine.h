#pragma once
// The engine: takes requests from any thread, runs them together on one Runner, and tells each
// caller of its tokens as they come.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/tokenizer/tokenizer.h"
#include "llm/runner.h"
#include "llm/sample/sampling.h"

namespace mill::llm {

struct GenerateRequest {
  std::vector<TokenId> prompt;
  uint32_t tokens_max = 0;  // 0 = as many as the context holds
  SamplingOptions sampling;
  std::vector<std::string> stop;  // text that ends generation and is not part of the answer
  int logprobs = -1;              // alternatives to report per token; -1 = no logprobs at all
  bool echo_logprobs = false;     // report the prompt's own tokens with logprobs, too
  bool ignore_end = false;        // go on past the end-of-text token (benches)
};

enum class FinishReason : uint8_t { none, stop, length, cancelled, error };

struct TokenLogprob {
  TokenId token = -1;
  float logprob = 0.0F;
};

// One step of one request. `text` holds whole characters only, and nothing that might still turn
// into a stop string.
struct GenerateEvent {
  std::vector<TokenId> tokens;
  std::string text;
  std::vector<TokenLogprob> logprobs;                   // one for each of `tokens`
  std::vector<std::vector<TokenLogprob>> alternatives;  // `logprobs` many for each of `tokens`
  FinishReason finish = FinishReason::none;
  std::string error;           // where finish == error
  uint32_t prompt_tokens = 0;  // valid in every event
  uint32_t cached_tokens = 0;  // of the prompt, found in the prefix cache
  uint32_t generated_tokens = 0;
};

// Called on the engine's thread; must be quick and must not call the engine, except cancel().
using EventSink = std::function<void(GenerateEvent&&)>;

struct EngineOptions {
  uint32_t chunk_tokens = 512;  // most tokens of prompt processed in one step
  uint32_t running_max = 64;    // sequences in a batch
  uint32_t waiting_max = 1024;  // requests in the queue; more are refused
  bool prefix_cache = true;
  Result<void> validate() const;
};

struct EngineStats {
  uint64_t steps = 0, prompt_tokens = 0, generated_tokens = 0, cached_tokens = 0;
  uint64_t requests_done = 0, requests_cancelled = 0;
  uint32_t running = 0, waiting = 0, blocks_used = 0, blocks_total = 0;
};

class Engine {
 public:
  Engine(std::unique_ptr<Runner>, Tokenizer, EngineOptions);
  ~Engine();  // cancels what runs

  // Refused at once (Result) where the prompt does not fit the context or the queue is full.
  Result<uint64_t> submit(GenerateRequest, EventSink);
  void cancel(uint64_t request);  // takes effect before the next step; idempotent
  void drain();                   // returns when everything submitted has finished

  EngineStats stats() const;
  const Tokenizer& tokenizer() const;
  uint32_t context_max() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace mill::llm
