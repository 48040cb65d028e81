#include "llm/reason/judged.h"

#include <fmt/format.h>

namespace mill::llm {

Judged judged(const Verifier& verifier, const PathEnd& end, std::string& why) {
  Judged it{.path = end.path, .cut = end.cut, .logprob_mean = end.logprob_mean};
  const bool compares = verifier.compares_only();
  why = "unverified: it was cut off";
  if (end.cut && !compares) return it;
  const Result<Judgement> found = end.said ? *end.said : verifier.judge(end);
  if (!found) {
    why = fmt::format("unverified: {}", found.error().message);
    return it;
  }
  it.score = found->score;
  why = found->why;
  it.scored = found->unknown;
  if (compares || found->unknown) return it;
  it.right = found->right;
  why = fmt::format("{}: {}", found->right ? "right" : "wrong", found->why);
  return it;
}

}  // namespace mill::llm
