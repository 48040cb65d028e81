#include "service/inference/budget.h"

#include <algorithm>

namespace mill::inference {

Demand demand_of(std::span<const llm::GenerateRequest> requests, uint32_t n, uint32_t context_max) {
  Demand demand;
  for (size_t i = 0; i < requests.size(); ++i) {
    const llm::GenerateRequest& it = requests[i];
    const auto length = static_cast<uint32_t>(it.prompt.size());
    if (i % n == 0) demand.prompt += length;
    if (it.embed) continue;
    ++demand.answers;
    demand.open |= it.tokens_max == 0;
    const uint32_t room = context_max - std::min(context_max, length);
    demand.each = std::max(demand.each, it.tokens_max == 0 ? room : std::min(room, it.tokens_max));
  }
  return demand;
}

}  // namespace mill::inference
