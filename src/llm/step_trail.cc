#include "llm/step_trail.h"

#include <algorithm>
#include <utility>

namespace mill::llm {

void StepTrail::begin(uint64_t step, int64_t now) {
  StepRecord& it = current();
  it.step = step;
  it.began = now;
  it.pieces.clear();
}

void StepTrail::end(int64_t now) {
  StepRecord& it = current();
  it.ended = now;
  busy_ += now - it.began;
  ++count_;
}

void StepTrail::depart(Departed departed) {
  departed_.push_back(std::move(departed));
  if (departed_.size() > kDeparted) departed_.pop_front();
}

// The place of the step that is under way, or comes next, is not among them.
std::vector<StepRecord> StepTrail::steps() const {
  std::vector<StepRecord> found;
  const uint64_t kept = std::min<uint64_t>(count_, kSteps - 1);
  found.reserve(kept);
  for (uint64_t i = count_ - kept; i < count_; ++i) found.push_back(ring_[i % kSteps]);
  return found;
}

}  // namespace mill::llm
