#pragma once
// An answer, and what its verifier says of it. One that is right goes before one that nobody could
// judge, and that before one that is wrong; then the better score, then the likelier one. One that
// was cut off goes behind all.

#include <tuple>

#include "llm/reason/verifier.h"

namespace mill::llm {

struct Judged {
  uint32_t path = 0;
  bool cut = false;
  std::optional<bool> right = {};  // none: it could not be judged
  bool scored = false;             // … but it has a score
  double score = 0, logprob_mean = 0;

  auto rank() const {  // the smaller, the better; no two paths have the same
    const int worse = !right ? 1 : *right ? 0 : 2;
    return std::tuple(cut, worse, -score, -logprob_mean, path);
  }
};

// `why`: for whoever watches.
Judged judged(const Verifier&, const PathEnd&, std::string& why);

}  // namespace mill::llm
