#include "service/openai/completion_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace mill::openai {
namespace {

constexpr uint32_t kDefaultTokens = 16;  // as OpenAI documents it

bool is_token(const Json& value) {
  return value.is_number_integer() && value.get<int64_t>() >= 0 &&
         value.get<int64_t>() <= std::numeric_limits<TokenId>::max();
}

Checked<Prompt> single_prompt(const Json& value, const std::string& place) {
  if (value.is_string()) return Prompt(value.get<std::string>());
  const bool tokens =
      value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), is_token);
  if (tokens) return Prompt(value.get<std::vector<TokenId>>());
  return http::refuse(fmt::format("'{}' must be a string or an array of token ids", place), place);
}

// "text" | ["text", …] | [token, …] | [[token, …], …]
Checked<std::vector<Prompt>> read_prompts(const Json& body) {
  const Json value = body.value("prompt", Json());
  std::vector<Prompt> prompts;
  const bool several = value.is_array() && !value.empty() && !value.front().is_number();
  if (!several) {
    TRY_ASSIGN(Prompt prompt, single_prompt(value, "prompt"));
    prompts.push_back(std::move(prompt));
    return prompts;
  }
  for (size_t i = 0; i < value.size(); ++i) {
    TRY_ASSIGN(Prompt prompt, single_prompt(value[i], fmt::format("prompt[{}]", i)));
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

}  // namespace

Checked<CompletionRequest> parse_completion_request(const Json& body) {
  CompletionRequest request;
  request.params.tokens_max = kDefaultTokens;
  Fields fields(body);
  read_params(fields, request.params);
  fields.integer("logprobs", request.params.logprobs, 0, kAlternativesMax);
  fields.flag("echo", request.echo);
  refuse_unsupported(fields);
  if (fields.problem()) return std::unexpected(*fields.problem());
  TRY_ASSIGN(request.prompts, read_prompts(body));
  if (request.prompts.size() * request.params.n > kChoicesMax)
    return http::refuse(fmt::format("{} prompts with {} answers each are over {} in one request",
                                    request.prompts.size(), request.params.n, kChoicesMax),
                        "prompt");
  return request;
}

}  // namespace mill::openai
