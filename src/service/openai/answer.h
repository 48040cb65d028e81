#pragma once
// What one choice has said so far, and how it is written: the seam between the run of a request
// (answering.h) and the two shapes in which OpenAI's API tells it.

#include <memory>
#include <string>
#include <vector>

#include "service/generation/served_model.h"
#include "service/http/json_body.h"

namespace mill::openai {

using http::Json;

struct Answer {
  std::string text;
  std::vector<TokenId> tokens;
  std::vector<llm::TokenLogprob> logprobs;
  std::vector<std::vector<llm::TokenLogprob>> alternatives;
  llm::FinishReason finish = llm::FinishReason::none;
  uint32_t prompt_tokens = 0, cached_tokens = 0, generated_tokens = 0;

  void add(const llm::GenerateEvent&);
};

// Choices are numbered prompt by prompt: choice = prompt·n + i. A prompt counts once, however many
// answers it has.
Json usage_json(const std::vector<Answer>&, uint32_t n);

const char* finish_name(llm::FinishReason);  // "stop" or "length"

struct AnswerHead {
  std::string id;  // "chatcmpl-…"
  int64_t created = 0;
  std::string model;
  bool logprobs = false;  // asked for
};

// One endpoint's JSON. A stream is, for each choice, opening, then pieces, then closing; the texts
// of the pieces are the whole's text.
class Shape {
 public:
  virtual ~Shape() = default;
  virtual Json whole(const std::vector<Answer>&, uint32_t n) const = 0;
  virtual Json frame() const = 0;                                    // a chunk without choices
  virtual Json opening(size_t choice) const = 0;                     // null = none
  virtual Json piece(size_t choice, const llm::GenerateEvent&) = 0;  // null = nothing to tell
  virtual Json closing(size_t choice, llm::FinishReason) const = 0;
};

std::unique_ptr<Shape> chat_shape(AnswerHead, const service::ServedModel&);

// `echoed`: each prompt's text, or none at all.
std::unique_ptr<Shape> completion_shape(AnswerHead, const service::ServedModel&,
                                        std::vector<std::string> echoed, uint32_t n);

}  // namespace mill::openai
