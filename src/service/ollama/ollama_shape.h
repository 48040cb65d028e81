#pragma once
// How Ollama tells an answer: one object, or a line of JSON for each piece and a last one that sums
// up.

#include <functional>
#include <memory>
#include <string>

#include "service/http/json_body.h"
#include "service/inference/shape.h"

namespace mill::ollama {

struct OllamaHead {
  std::string model;
  bool chat = true;                      // else a generate
  std::function<int64_t()> unix_time;    // of each line
  std::function<int64_t()> nanoseconds;  // for the durations
};

std::unique_ptr<inference::Shape> ollama_shape(OllamaHead);

http::Response refusal_of(const http::Problem&);  // {"error": "…"}
std::string timestamp(int64_t unix_time);         // "2026-01-31T12:00:00Z"

}  // namespace mill::ollama
