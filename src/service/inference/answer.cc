#include "service/inference/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "llm/sample/random.h"

namespace mill::inference {

using dialect::OutputEvent;
using dialect::OutputKind;

void Answer::add(const llm::GenerateEvent& event) {
  tokens.insert(tokens.end(), event.tokens.begin(), event.tokens.end());
  logprobs.insert(logprobs.end(), event.logprobs.begin(), event.logprobs.end());
  alternatives.insert(alternatives.end(), event.alternatives.begin(), event.alternatives.end());
  if (event.finish == llm::FinishReason::length) finish = Finish::length;
  count(event);
}

void Answer::count(const llm::GenerateEvent& event) {
  prompt_tokens = event.prompt_tokens;
  cached_tokens = event.cached_tokens;
  generated_tokens = event.generated_tokens;
  joules = event.joules;
  times = event.times;
}

std::vector<Told> Answer::add(std::vector<OutputEvent> events) {
  std::vector<Told> told;
  for (OutputEvent& event : events) {
    if (event.kind == OutputKind::thinking) grow(thinking, event);
    if (event.kind == OutputKind::text) grow(text, event);
    if (event.kind == OutputKind::call_begin) begin_call(event.text);
    if (event.kind == OutputKind::arguments) calls.back().arguments += event.text;
    if (event.kind == OutputKind::call_end) calls.back().whole = event.whole;
    told.push_back({std::move(event), calls.empty() ? 0 : calls.size() - 1});
  }
  return told;
}

void Answer::grow(std::string& all, const OutputEvent& event) {
  all += event.text;
  if (blocks.empty() || blocks.back().kind != event.kind) blocks.push_back({event.kind});
  blocks.back().text += event.text;
}

void Answer::begin_call(const std::string& name) {
  blocks.push_back({OutputKind::call_begin, "", calls.size()});
  calls.push_back({.id = fmt::format("call_{:016x}", llm::splitmix(id_seed + calls.size())),
                   .name = name,
                   .arguments = "",
                   .whole = false});
}

Usage usage_of(std::span<const Answer> answers, uint32_t n) {
  Usage usage;
  for (size_t i = 0; i < answers.size(); ++i) {
    usage.generated += answers[i].generated_tokens;
    usage.thinking += answers[i].thinking_tokens;
    usage.joules += answers[i].joules;
    if (i % n != 0) continue;
    usage.prompt += answers[i].prompt_tokens;
    usage.cached += answers[i].cached_tokens;
  }
  return usage;
}

// A prompt counts with the first of its answers, so that one has it if any has begun.
Usage billed(std::vector<Answer> answers, uint32_t n) {
  for (size_t prompt = 0; prompt + n <= answers.size(); prompt += n) {
    const auto of_prompt = std::span(answers).subspan(prompt, n);
    const bool begun = std::any_of(of_prompt.begin(), of_prompt.end(),
                                   [](const Answer& it) { return it.generated_tokens > 0; });
    if (!begun) of_prompt[0].prompt_tokens = of_prompt[0].cached_tokens = 0;
  }
  return usage_of(answers, n);
}

}  // namespace mill::inference
