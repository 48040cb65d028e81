#pragma once
// What Ollama's clients may send to /api/chat and /api/generate.

#include "service/inference/conversation.h"

namespace mill::ollama {

using http::Checked;
using http::Json;
using http::Problem;

Checked<inference::Conversation> parse_chat(const Json& body);

// `prompt` as a conversation of one message, or, with "raw", as it is.
struct Generate {
  inference::Conversation conversation;
  std::optional<std::string> raw;
};
Checked<Generate> parse_generate(const Json& body);

// The model's name without its tag: ":latest" means nothing here.
std::string untagged(const std::string& name);

}  // namespace mill::ollama
