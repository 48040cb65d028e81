#pragma once
// The seam between the run of a request and its tenant's limits: what it may use at most is
// promised to it before it begins, so that requests which run at once cannot pass a limit together.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "llm/request.h"
#include "service/http/problem.h"

namespace mill::inference {

// Tokens that a request may use: those of its prompts, and of so many answers as many `each`.
struct Demand {
  std::string tenant = {}, model = {};
  uint64_t prompt = 0, answers = 0;
  uint32_t each = 0;  // at most; of answers without a limit of their own, what the context holds
  bool open = false;  // none has a limit of its own: `each` may be less
};

// n answers to each prompt, in a context of so many tokens.
Demand demand_of(std::span<const llm::GenerateRequest>, uint32_t n, uint32_t context_max);

struct Grant {
  uint32_t each = 0;                      // of an open demand, what there is room for: at least 1
  std::shared_ptr<const void> held = {};  // the promise, as long as it lives
};

class Budget {
 public:
  virtual ~Budget() = default;
  virtual http::Checked<Grant> reserve(const Demand&) = 0;  // any thread; 429 without room
};

}  // namespace mill::inference
