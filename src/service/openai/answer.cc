#include "service/openai/answer.h"

namespace mill::openai {

void Answer::add(const llm::GenerateEvent& event) {
  text += event.text;
  tokens.insert(tokens.end(), event.tokens.begin(), event.tokens.end());
  logprobs.insert(logprobs.end(), event.logprobs.begin(), event.logprobs.end());
  alternatives.insert(alternatives.end(), event.alternatives.begin(), event.alternatives.end());
  finish = event.finish;
  prompt_tokens = event.prompt_tokens;
  cached_tokens = event.cached_tokens;
  generated_tokens = event.generated_tokens;
}

Json usage_json(const std::vector<Answer>& answers, uint32_t n) {
  uint64_t prompt = 0, cached = 0, generated = 0;
  for (size_t i = 0; i < answers.size(); ++i) {
    generated += answers[i].generated_tokens;
    if (i % n != 0) continue;
    prompt += answers[i].prompt_tokens;
    cached += answers[i].cached_tokens;
  }
  return {{"prompt_tokens", prompt},
          {"completion_tokens", generated},
          {"total_tokens", prompt + generated},
          {"prompt_tokens_details", {{"cached_tokens", cached}}}};
}

const char* finish_name(llm::FinishReason reason) {
  return reason == llm::FinishReason::length ? "length" : "stop";
}

}  // namespace mill::openai
