#include "llm/request.h"

#include "data/tokenizer/utf8.h"

namespace mill::llm {
namespace {

Result<void> validate_prompt(std::span<const TokenId> prompt, RequestLimits limits) {
  if (prompt.empty())
    return fail(ErrorKind::invalid, "the prompt is empty; give it at least one token");
  if (prompt.size() >= limits.context)
    return fail(ErrorKind::invalid,
                "the prompt has {} tokens and the context {}, of which the answer needs at least "
                "one; shorten the prompt",
                prompt.size(), limits.context);
  for (TokenId token : prompt)
    if (token < 0 || static_cast<uint32_t>(token) >= limits.vocab)
      return fail(ErrorKind::invalid, "the prompt has the token {}; the vocabulary ends at {}",
                  token, limits.vocab - 1);
  return {};
}

}  // namespace

Result<void> validate(const GenerateRequest& request, RequestLimits limits) {
  TRY(validate_prompt(request.prompt, limits));
  TRY(request.sampling.validate());
  for (auto [token, bias] : request.sampling.logit_bias)
    if (static_cast<uint32_t>(token) >= limits.vocab)
      return fail(ErrorKind::invalid, "logit_bias names the token {}; the vocabulary ends at {}",
                  token, limits.vocab - 1);
  if (request.logprobs < -1 || request.logprobs > kLogprobsMax)
    return fail(ErrorKind::invalid, "logprobs must be from 0 to {}, not {}", kLogprobsMax,
                request.logprobs);
  if (request.grammar && request.ignore_end)
    return fail(ErrorKind::invalid, "ignore_end does not go with a grammar, which has an end");
  if (request.step && request.grammar)
    return fail(ErrorKind::invalid, "a step does not go with a grammar, which has its own end");
  for (const TokenId token : request.thoughts.closing) {
    if (token < 0 || static_cast<uint32_t>(token) >= limits.vocab)
      return fail(ErrorKind::invalid, "thoughts end with the token {}; the vocabulary ends at {}",
                  token, limits.vocab - 1);
  }
  for (const std::string& stop : request.stop) {
    if (stop.empty()) return fail(ErrorKind::invalid, "stop has an empty string");
    if (!tok::is_utf8(stop)) return fail(ErrorKind::invalid, "stop has a string that is not UTF-8");
  }
  return {};
}

}  // namespace mill::llm
