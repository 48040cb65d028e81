#pragma once
// POST /v1/messages of Anthropic's API: what a client may send, as a Conversation.

#include "service/inference/conversation.h"

namespace mill::messages {

using http::Checked;
using http::Json;
using http::Problem;

// `counting`: for count_tokens, which takes no max_tokens.
Checked<inference::Conversation> parse_messages_request(const Json& body, bool counting = false);

}  // namespace mill::messages
