// Reflect and revise (Madaan et al., "Self-Refine: Iterative Refinement with Self-Feedback",
// NeurIPS 2023): the model is asked what is wrong with its answer, and then for a better one, in
// the same conversation, whose beginning lies in the cache. n counts all of them: the answer, then
// a critique and a revision in turn. It ends early where the critique finds nothing.

#include <fmt/format.h>

#include <algorithm>

#include "llm/reason/search.h"

namespace mill::llm {
namespace {

constexpr const char* kCritique =
    "Check your answer step by step. Say what is wrong with it, without answering again. If "
    "nothing "
    "is wrong, say only: no mistakes.";
constexpr const char* kRevise =
    "Answer again, without these mistakes. Write the whole answer, as if there had been no other.";
constexpr std::string_view kNothing = "no mistakes";

bool finds_nothing(std::string_view critique) {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  return !std::ranges::search(critique, kNothing, same).empty();
}

class Reflect : public Search {
 public:
  explicit Reflect(const SearchOptions& options)
      : n_(options.n), each_(options.budget_tokens / options.n) {}

  uint32_t paths() const override { return n_; }
  uint32_t tokens_each() const override { return each_; }
  std::vector<PathStart> begin() const override { return {PathStart{}}; }

  Verdict ended(const PathEnd& end) override {
    const bool critique = end.path % 2 == 1;
    if (!critique && !end.cut) shown_ = end.path;
    const bool nothing = critique && finds_nothing(end.text);
    Verdict verdict{.note = fmt::format("{} {}{}", critique ? "Critique" : "Answer",
                                        end.path / 2 + 1, nothing ? ": no mistakes" : "")};
    if (critique && !nothing) verdict.note += fmt::format(": {}", end.text);
    if (end.cut) verdict.note += " (cut off)";
    if (end.cut || nothing || end.path + 1 == n_) return verdict;
    verdict.begin.push_back({.path = end.path + 1,
                             .from = PathStart::From::turn,
                             .after = end.path,
                             .text = fmt::format("{}", critique ? kRevise : kCritique),
                             .aside = !critique});
    return verdict;
  }

  // The last whole one.
  uint32_t shown() const override { return shown_; }

 private:
  uint32_t n_, each_, shown_ = 0;
};

}  // namespace

Result<std::unique_ptr<Search>> reflect(const SearchOptions& options) {
  if (options.n % 2 == 0)
    return fail(
        ErrorKind::invalid,
        "'reflect' needs an odd n, not {}: an answer, then a critique and a revision in turn",
        options.n);
  return std::make_unique<Reflect>(options);
}

}  // namespace mill::llm
