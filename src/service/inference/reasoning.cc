#include "service/inference/reasoning.h"

#include <algorithm>

namespace mill::inference {
namespace {

Checked<llm::VerifierPointer> verifier_of(const Reasoning& reasoning) {
  if (reasoning.verifier.name.empty()) return nullptr;
  auto verifier = llm::make_verifier(reasoning.verifier);
  if (verifier) return std::move(*verifier);
  return http::refuse(fmt::format("'reasoning': {}", verifier.error().message),
                      "reasoning.verifier");
}

// Parts of answers have together no more tokens than so many answers.
uint32_t budget_of_steps(const llm::SearchOptions& options, uint32_t tokens_max) {
  const auto method = llm::search_method(options.method);
  if (!method || !(*method)->steps || options.budget_tokens > 0) return options.budget_tokens;
  const uint64_t n = options.n == 0 ? (*method)->n_usual : options.n;
  return static_cast<uint32_t>(std::min<uint64_t>(n * tokens_max, UINT32_MAX));
}

Checked<FoundSearch> made(const Reasoning& reasoning, uint32_t tokens_max) {
  llm::SearchOptions options = reasoning.search;
  options.budget_tokens = budget_of_steps(options, tokens_max);
  TRY_ASSIGN(options.verifier, verifier_of(reasoning));
  llm::VerifierPointer asked = options.verifier;
  if (asked && !asked->takes_time()) asked = nullptr;
  auto search = llm::make_search(std::move(options));
  if (search) return FoundSearch{std::move(*search), std::move(asked)};
  return http::refuse(fmt::format("'reasoning': {}", search.error().message), "reasoning");
}

// A part of an answer begins anew: what goes across its parts cannot be looked for.
Checked<void> check_steps(const llm::SearchMethod& method, const GenerateParams& params) {
  if (!method.steps) return {};
  if (params.structure)
    return http::refuse(
        fmt::format("'reasoning.method' is '{}', which goes line by line: an answer "
                    "with a structure has no lines; leave '{}' out",
                    method.name, params.structure->field),
        params.structure->field);
  for (const std::string& stop : params.stop)
    if (stop.find('\n') != stop.npos)
      return http::refuse(fmt::format("'reasoning.method' is '{}', which goes line by line: no "
                                      "'stop' may go over the end of one",
                                      method.name),
                          "stop");
  return {};
}

}  // namespace

Checked<FoundSearch> search_for(const Reasoning& reasoning, ReasoningLimits limits,
                                GenerateParams& params) {
  TRY_ASSIGN(FoundSearch found, made(reasoning, params.tokens_max));
  const llm::Search* search = found.method.get();
  const llm::SearchMethod& method = **llm::search_method(reasoning.search.method);
  if (limits.tools)
    return http::refuse("'reasoning' in several paths calls no tools; leave 'tools' out", "tools");
  if (params.n != 1) return http::refuse("'reasoning' in several paths has one answer", "n");
  if (method.draws && params.sampling.temperature <= 0 && search->paths() > 1)
    return http::refuse("'reasoning' needs a temperature above 0: else all paths are the same",
                        "temperature");
  if (method.thinks && !limits.thinks)
    return http::refuse(
        fmt::format("'reasoning.method' is '{}', which goes by thoughts: it needs a model that "
                    "thinks aloud, with thinking on, and an answer without a structure",
                    method.name),
        "reasoning.method");
  TRY(check_steps(method, params));
  params.n = search->answers();
  const uint32_t each = search->tokens_each();
  if (each > 0)
    params.tokens_max = params.tokens_max == 0 ? each : std::min(each, params.tokens_max);
  return found;
}

}  // namespace mill::inference
