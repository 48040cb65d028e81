#pragma once
// How many problems are solved by N samples of an answer: by the one that most come to, and, as an
// exact checker could, by any.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mill::apps {

struct Sampled {
  std::optional<std::string> number;  // that the answer came to
  uint32_t tokens = 0;
};

// A share and its interval of 95 % (Wilson, "Probable Inference", JASA 1927), all from 0 to 1.
struct Share {
  double value = 0, low = 0, high = 0;
};
Share share_of(uint64_t good, uint64_t all);

struct EvalRow {
  uint32_t samples = 0;
  Share majority, any;
  double tokens = 0;  // of all samples together, a problem
};

// Of each problem the samples, in order: rows for 1, 2, 4, … and for all of them.
std::vector<EvalRow> tally(const std::vector<std::string>& right,
                           const std::vector<std::vector<Sampled>>& samples);

}  // namespace mill::apps
