#include "service/openai/shapes.h"

namespace mill::openai {
namespace {

std::string event_text(const Json& chunk) { return "data: " + http::json_text(chunk) + "\n\n"; }

}  // namespace

const char* finish_name(inference::Finish finish) {
  if (finish == inference::Finish::tool_calls) return "tool_calls";
  return finish == inference::Finish::length ? "length" : "stop";
}

http::Response ChunkShape::refusal(const http::Problem& problem) const {
  return http::problem_response(problem);
}

std::string ChunkShape::broken(const http::Problem& problem) {
  return event_text(http::problem_json(problem));
}

Json ChunkShape::envelope(const char* object) const {
  return {{"id", head_.id},
          {"object", object},
          {"created", head_.created},
          {"model", head_.model},
          {"system_fingerprint", "tokenmill-" TOKENMILL_VERSION},
          {"choices", Json::array()}};
}

std::string ChunkShape::sent(Json choice) const {
  Json chunk = frame();
  chunk["choices"].push_back(std::move(choice));
  if (head_.include_usage) chunk["usage"] = nullptr;
  return event_text(chunk);
}

Json ChunkShape::usage(std::span<const inference::Answer> answers) const {
  const inference::Usage sums = inference::usage_of(answers, head_.n);
  return {{"prompt_tokens", sums.prompt},
          {"completion_tokens", sums.generated},
          {"total_tokens", sums.prompt + sums.generated},
          {"prompt_tokens_details", {{"cached_tokens", sums.cached}}},
          {"completion_tokens_details", {{"reasoning_tokens", sums.thinking}}}};
}

std::string ChunkShape::ending(std::span<const inference::Answer> answers) {
  std::string last;
  if (head_.include_usage) {
    Json chunk = frame();
    chunk["usage"] = usage(answers);
    last = event_text(chunk);
  }
  return last + "data: [DONE]\n\n";
}

}  // namespace mill::openai
