// The bodies of every API.

#include <cstdint>

#include "service/jobs/batch_input.h"
#include "service/messages/messages_request.h"
#include "service/ollama/ollama_request.h"
#include "service/openai/chat_request.h"
#include "service/openai/completion_request.h"
#include "service/openai/responses_request.h"

namespace {

using namespace mill;

// It is a request, or refused with a sentence.
template <class T>
void check(const http::Checked<T>& read) {
  if (!read && read.error().message.empty()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)jobs::check_batch_input(text, "/v1/chat/completions");
  const auto body = http::parse_json_object(text);
  check(body);
  if (!body) return 0;
  check(openai::parse_chat_request(*body));
  check(openai::parse_completion_request(*body));
  check(openai::parse_responses_request(*body));
  check(messages::parse_messages_request(*body));
  check(ollama::parse_chat(*body));
  check(ollama::parse_generate(*body));
  return 0;
}
