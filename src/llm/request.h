#pragma once
// What is asked of the engine, and what it tells.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/grammar/grammar.h"
#include "data/tokenizer/tokenizer.h"
#include "llm/engine_times.h"
#include "llm/sample/logprobs.h"
#include "llm/sample/sampling.h"
#include "llm/thought_limit.h"

namespace mill::llm {

inline constexpr int kLogprobsMax = 128;  // alternatives that can be asked for

// Who asks, and how urgently (schedule/tenants.h). It changes when an answer comes, and no answer.
struct Admission {
  std::string tenant = {};
  std::string request = {};  // what its client calls it; for whoever looks at the engine
  int32_t priority = 0;      // among the tenant's own: the smaller goes first
  int64_t queue_ns_max = 0;  // one that has not begun by then is refused (exhausted); 0 = waits
};

struct GenerateRequest {
  std::vector<TokenId> prompt = {};
  uint32_t tokens_max = 0;  // 0 = as many as the context holds
  SamplingOptions sampling = {};
  std::vector<std::string> stop = {};  // text that ends generation and is not part of the answer
  int logprobs = -1;                   // alternatives to report per token; -1 = no logprobs at all
  std::vector<TokenId> shown = {};     // control tokens that are told as text, by their spelling
  bool echo_logprobs = false;          // report the prompt's own tokens with logprobs, too
  ThoughtLimit thoughts = {};
  // Tell the mean of the last hidden states of all the prompt's tokens, of length 1, and nothing
  // else: one event with `embedding`.
  bool embed = false;
  bool ignore_end = false;  // go on past the end-of-text token (benches)
  // A step is all: it ends with the token that ends the first line that says something, all of
  // which is told (sample/line_end.h).
  bool step = false;
  // The answer is a text of this grammar, complete where tokens_max and the context leave room for
  // its shortest end: as the limit comes near, only tokens that keep a way to the end are drawn.
  // Control tokens that are shown are in it by their spelling.
  grammar::GrammarPtr grammar = {};
  // The grammar leaves most of the answer free: a token is drawn from all, and from those that the
  // grammar allows only where it does not allow that one. Where the text may end, so may any token
  // without text come. Nothing hurries to the end: the limit is one, and says so. Stop strings are
  // looked for only where the text may end.
  bool lazy = false;
  Admission admission = {};
};

enum class FinishReason : uint8_t { none, stop, length, cancelled, error };
inline constexpr size_t kFinishReasons = 5;

// One step of one request. `text` holds whole characters only, and nothing that might still turn
// into a stop string. All texts together are decode(prompt + answer) without decode(prompt), cut
// at the stop string.
//
// With echo_logprobs, the first events have `echo` set and report the prompt's tokens, in order
// and each once, without text. Nothing precedes the first token of a prompt: its logprob is NaN.
struct GenerateEvent {
  std::vector<TokenId> tokens = {};  // the token that ends the answer is one of them
  std::string text = {};
  std::vector<TokenLogprob> logprobs = {};                   // one for each of `tokens`
  std::vector<std::vector<TokenLogprob>> alternatives = {};  // of each token, the best first
  bool echo = false;
  std::vector<float> embedding = {};         // where it was asked for
  FinishReason finish = FinishReason::none;  // of the last event: anything else
  bool step = false;                         // … by the end of a line: it could go on
  Error error = {};                          // where finish == error
  uint32_t prompt_tokens = 0;                // these, joules and times are valid in every event
  uint32_t cached_tokens = 0;                // of the prompt, found in the prefix cache
  uint32_t generated_tokens = 0;
  double joules = 0;  // its share of what was drawn, so far (engine_energy.h)
  RequestTimes times = {};
};

// Called on the engine's thread; must be quick and must not call the engine, except submit() and
// cancel(); must not throw.
using EventSink = std::function<void(GenerateEvent&&)>;

// What the request must fit into.
struct RequestLimits {
  uint32_t vocab = 0;
  uint32_t context = 0;  // tokens of prompt and answer together
};

Result<void> validate(const GenerateRequest&, RequestLimits);

}  // namespace mill::llm
