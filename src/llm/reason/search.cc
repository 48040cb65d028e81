#include "llm/reason/search.h"

#include <fmt/format.h>

#include <array>

namespace mill::llm {
namespace {

constexpr std::array kMethods = {
    SearchMethod{.name = "self_consistency",
                 .summary = "the number that most of n answers come to",
                 .make = self_consistency},
    SearchMethod{.name = "best_of_n",
                 .summary = "of n answers, the one that the verifier finds best",
                 .verifies = true,
                 .make = best_of_n},
    SearchMethod{.name = "reflect",
                 .summary = "an answer, what is wrong with it, and a better one",
                 .n_usual = 3,
                 .draws = false,
                 .make = reflect},
    SearchMethod{.name = "budget_forcing",
                 .summary = "thoughts that go on until their budget is used, and no longer",
                 .n_usual = 3,
                 .draws = false,
                 .thinks = true,
                 .make = budget_forcing},
    SearchMethod{.name = "beam_search",
                 .summary = "answers that grow by a line at a time, of which the best quarter does",
                 .verifies = true,
                 .steps = true,
                 .make = beam_search},
    SearchMethod{.name = "dvts",
                 .summary = "the same in several trees, each of which keeps its own best line",
                 .n_usual = 16,
                 .verifies = true,
                 .steps = true,
                 .make = dvts},
    SearchMethod{.name = "mcts",
                 .summary = "lines tried where whole answers have come out well, or few were tried",
                 .n_usual = 16,
                 .verifies = true,
                 .steps = true,
                 .make = mcts},
    SearchMethod{.name = "auto",
                 .summary = "four answers, and only where they differ more, or a search over lines",
                 .n_usual = 16,
                 .verifies = true,
                 .steps = true,
                 .make = auto_search},
};

}  // namespace

std::vector<PathStart> Search::begin() const {
  std::vector<PathStart> all(paths());
  for (uint32_t i = 0; i < all.size(); ++i) all[i].path = i;
  return all;
}

std::span<const SearchMethod> search_methods() { return kMethods; }

Result<const SearchMethod*> search_method(std::string_view name) {
  std::string known;
  for (const SearchMethod& row : kMethods) {
    if (row.name == name) return &row;
    known += fmt::format("{}'{}'", known.empty() ? "" : ", ", row.name);
  }
  return fail(ErrorKind::invalid, "there is no method '{}'; there are {}", name, known);
}

Result<std::unique_ptr<Search>> make_search(SearchOptions options) {
  TRY_ASSIGN(const SearchMethod* method, search_method(options.method));
  if (options.n == 0) options.n = method->n_usual;
  if (options.n > kPathsMax)
    return fail(ErrorKind::invalid, "there may be 1 to {} paths, not {}", kPathsMax, options.n);
  if (options.verifier && !method->verifies)
    return fail(ErrorKind::invalid, "the method '{}' asks no verifier", method->name);
  if (options.budget_tokens > 0 && options.budget_tokens < options.n)
    return fail(ErrorKind::invalid,
                "budget_tokens is {}, which is not a token for each of {} paths",
                options.budget_tokens, options.n);
  if (method->verifies && !options.verifier) {
    TRY_ASSIGN(options.verifier, make_verifier({.name = "likelihood"}));
  }
  return method->make(options);
}

}  // namespace mill::llm
