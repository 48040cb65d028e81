#pragma once
// What clients ask of a server under load. Each request follows from the plan's seed and its own
// number alone, so two servers are asked the same, whichever client comes to it first.

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"

namespace mill::apps {

struct Range {
  uint32_t least = 0, most = 0;  // both may come
};
// "32-512", or "64" for a range of one.
Result<Range> parse_range(const std::string& text);

struct LoadPlan {
  Range prompt_words{32, 512};   // a word is a token, mostly; what it was, the server tells
  Range answer_tokens{16, 128};  // exactly so many are made, where the server lets us forbid an end
  double shared_prefix = 0.3;    // of the requests: so many begin like others
  double vanish = 0.1;           // of the requests: so many lose their client before the end
  uint64_t seed = 1;

  Result<void> validate() const;
};

struct LoadRequest {
  uint64_t number = 0;
  uint32_t prompt_words = 0, answer_tokens = 0;
  std::optional<uint32_t> shared;        // which of the shared texts three quarters of it are from
  std::optional<uint32_t> vanish_after;  // so many pieces of the answer; 0 = once it is asked
};

LoadRequest request_of(const LoadPlan&, uint64_t number);
std::string prompt_of(const LoadPlan&, const LoadRequest&);

// Arrivals that know nothing of each other (a Poisson process): the gaps are exponential.
class PoissonClock {
 public:
  PoissonClock(uint64_t seed, double a_second) : seed_(seed), rate_(a_second) {}
  double next_s();  // of the next arrival, since the start

 private:
  uint64_t seed_, drawn_ = 0;
  double rate_, now_s_ = 0;
};

}  // namespace mill::apps
