#pragma once
// POST /v1/completions: what a client may send.

#include <variant>
#include <vector>

#include "data/tokenizer/tokenizer.h"
#include "service/openai/params.h"

namespace mill::openai {

using Prompt = std::variant<std::string, std::vector<TokenId>>;

struct CompletionRequest {
  GenerateParams params;
  std::vector<Prompt> prompts;  // n answers to each
  bool echo = false;            // the answer begins with its prompt
};

Checked<CompletionRequest> parse_completion_request(const Json& body);

}  // namespace mill::openai
