#pragma once
// What one choice has said so far: its thoughts, its text, its calls of tools, and what they cost.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "llm/request.h"
#include "service/dialect/output_event.h"

namespace mill::inference {

struct ToolCall {
  std::string id, name, arguments;
  bool whole = false;  // the arguments are a JSON object
};

// An event, and which of the answer's calls it belongs to.
struct Told : dialect::OutputEvent {
  size_t call = 0;
};

// A run of thoughts, of text, or a call: how the answer's parts follow each other.
struct Block {
  dialect::OutputKind kind = dialect::OutputKind::text;  // thinking, text or call_begin
  std::string text = {};
  size_t call = 0;
};

enum class Finish : uint8_t { stop, length, tool_calls };

struct Answer {
  std::string thinking, text;
  std::vector<ToolCall> calls;
  std::vector<Block> blocks;
  std::vector<TokenId> tokens;
  std::vector<llm::TokenLogprob> logprobs;
  std::vector<std::vector<llm::TokenLogprob>> alternatives;
  Finish finish = Finish::stop;
  std::optional<bool> verified = {};  // by whoever was asked to (llm/reason/verifier.h)
  uint32_t prompt_tokens = 0, cached_tokens = 0, generated_tokens = 0, thinking_tokens = 0;
  double joules = 0;
  llm::RequestTimes times = {};
  uint64_t id_seed = 0;  // of the calls' ids

  void add(const llm::GenerateEvent&);
  void count(const llm::GenerateEvent&);  // its sums alone; add() does it, too
  std::vector<Told> add(std::vector<dialect::OutputEvent>);

 private:
  void grow(std::string& all, const dialect::OutputEvent&);
  void begin_call(const std::string& name);
};

// Sums over the answers of one request. Choices are numbered prompt by prompt: choice = prompt·n +
// i. A prompt counts once, however many answers it has.
struct Usage {
  uint64_t prompt = 0, cached = 0, generated = 0, thinking = 0;
  double joules = 0;  // of all that was computed for it
};
Usage usage_of(std::span<const Answer>, uint32_t n);
// The same of answers that may have been cut short: one that never began costs nothing.
Usage billed(std::vector<Answer>, uint32_t n);

}  // namespace mill::inference
