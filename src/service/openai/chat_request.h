#pragma once
// POST /v1/chat/completions: what a client may send.

#include "service/inference/conversation.h"
#include "service/openai/params.h"

namespace mill::openai {

Checked<inference::Conversation> parse_chat_request(const Json& body);

// Messages in OpenAI's form, as templates take them: contents joined to strings, arguments parsed.
Checked<Json> checked_messages(const Json& messages, const char* field);

// "none" … "xhigh": whether there are to be thoughts, and the word for templates that know it.
void read_effort(Fields&, const char* name, inference::Conversation&);

}  // namespace mill::openai
