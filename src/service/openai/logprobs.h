#pragma once
// Tokens and their probabilities as each endpoint tells them.

#include <span>

#include "service/generation/served_model.h"
#include "service/http/json_body.h"

namespace mill::openai {

using http::Json;

// A token's text may be part of a character; http::json_text makes U+FFFD of it.

// Views of an Answer's or an event's three parallel lists.
struct TokenLists {
  std::span<const TokenId> tokens;
  std::span<const llm::TokenLogprob> logprobs;
  std::span<const std::vector<llm::TokenLogprob>> alternatives;
};

// {"content": [{"token", "logprob", "bytes", "top_logprobs": [{"token", "logprob", "bytes"}]}]}
Json chat_logprobs(const TokenLists&, const service::ServedModel&);

// {"tokens", "token_logprobs", "top_logprobs": [{text: logprob}], "text_offset"}. `offset` is where
// the first token's text begins, in characters, and moves on to where the last one's ends.
Json completion_logprobs(const TokenLists&, const service::ServedModel&, size_t& offset);

}  // namespace mill::openai
