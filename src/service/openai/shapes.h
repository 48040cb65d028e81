#pragma once
// The two shapes in which OpenAI's API tells of answers: messages and texts.

#include <memory>
#include <string>
#include <vector>

#include "service/generation/served_model.h"
#include "service/http/json_body.h"
#include "service/inference/shape.h"

namespace mill::openai {

using http::Json;

struct AnswerHead {
  std::string id;  // "chatcmpl-…"
  int64_t created = 0;
  std::string model;
  bool logprobs = false;       // asked for
  bool include_usage = false;  // in a stream
  uint32_t n = 1;              // answers to each prompt
};

std::unique_ptr<inference::Shape> chat_shape(AnswerHead, const service::ServedModel&);

// `echoed`: each prompt's text, or none at all.
std::unique_ptr<inference::Shape> completion_shape(AnswerHead, const service::ServedModel&,
                                                   std::vector<std::string> echoed);

// What both have: refusals, and streams of chunks that differ in their choices only.
class ChunkShape : public inference::Shape {
 public:
  ChunkShape(AnswerHead head, const service::ServedModel& model)
      : head_(std::move(head)), model_(model) {}
  http::Response refusal(const http::Problem&) const override;
  std::string ending(std::span<const inference::Answer>) override;
  std::string broken(const http::Problem&) override;

 protected:
  virtual Json frame() const = 0;  // a chunk without choices
  Json envelope(const char* object) const;
  std::string sent(Json choice) const;
  Json usage(std::span<const inference::Answer>) const;

  AnswerHead head_;
  const service::ServedModel& model_;
};

const char* finish_name(inference::Finish);  // "stop", "length" or "tool_calls"

}  // namespace mill::openai
