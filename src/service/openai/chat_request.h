#pragma once
// POST /v1/chat/completions: what a client may send.

#include "service/openai/params.h"

namespace mill::openai {

struct ChatRequest {
  GenerateParams params;
  Json context;  // what the chat template sees: messages, tools, and chat_template_kwargs
};

Checked<ChatRequest> parse_chat_request(const Json& body);

}  // namespace mill::openai
