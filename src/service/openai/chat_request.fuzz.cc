#include "service/openai/chat_request.h"

#include <cstdint>

#include "service/openai/completion_request.h"

// Every body is a request or a refusal with a sentence.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mill;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto body = http::parse_json_object(text);
  if (!body) return body.error().message.empty() ? __builtin_trap(), 0 : 0;
  const auto chat = openai::parse_chat_request(*body);
  if (!chat && http::problem_response(chat.error()).body.empty()) __builtin_trap();
  const auto completion = openai::parse_completion_request(*body);
  if (!completion && http::problem_response(completion.error()).body.empty()) __builtin_trap();
  return 0;
}
