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

Checked<std::unique_ptr<llm::Search>> made(const Reasoning& reasoning) {
  llm::SearchOptions options = reasoning.search;
  TRY_ASSIGN(options.verifier, verifier_of(reasoning));
  auto search = llm::make_search(std::move(options));
  if (search) return std::move(*search);
  return http::refuse(fmt::format("'reasoning': {}", search.error().message), "reasoning");
}

}  // namespace

Checked<std::unique_ptr<llm::Search>> search_for(const Reasoning& reasoning, ReasoningLimits limits,
                                                 GenerateParams& params) {
  TRY_ASSIGN(auto search, made(reasoning));
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
  params.n = search->paths();
  const uint32_t each = search->tokens_each();
  if (each > 0)
    params.tokens_max = params.tokens_max == 0 ? each : std::min(each, params.tokens_max);
  return search;
}

}  // namespace mill::inference
