#include "llm/reason/search.h"

#include <fmt/format.h>

#include <array>

namespace mill::llm {
namespace {

constexpr std::array kMethods = {
    SearchMethod{"self_consistency", "the number that most of n answers come to", self_consistency},
    SearchMethod{"best_of_n", "of n answers, the one that the model finds likeliest", best_of_n},
};

}  // namespace

std::span<const SearchMethod> search_methods() { return kMethods; }

Result<std::unique_ptr<Search>> make_search(const SearchOptions& options) {
  if (options.n < 1 || options.n > kPathsMax)
    return fail(ErrorKind::invalid, "there may be 1 to {} paths, not {}", kPathsMax, options.n);
  std::string known;
  for (const SearchMethod& row : kMethods) {
    if (row.name == options.method) return row.make(options.n);
    known += fmt::format("{}'{}'", known.empty() ? "" : ", ", row.name);
  }
  return fail(ErrorKind::invalid, "there is no method '{}'; there are {}", options.method, known);
}

}  // namespace mill::llm
