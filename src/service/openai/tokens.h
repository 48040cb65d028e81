#pragma once
// Text to tokens and back, as vLLM and llama-server offer it beside OpenAI's API.

#include "service/http/json_body.h"
#include "service/inference/host.h"

namespace mill::openai {

// {"prompt": "…"} (or "content", or "messages" and "tools" of a chat) → {"tokens", "count",
// "max_model_len"}; with "return_token_strs" or "with_pieces" their texts, too.
http::Checked<http::Json> tokenize(const inference::Host&, const std::string& body);

// {"tokens": […]} → {"prompt", "content"}: the same text under both names
http::Checked<http::Json> detokenize(const inference::Host&, const std::string& body);

}  // namespace mill::openai
