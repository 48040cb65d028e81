#include "service/web/history.h"

#include <algorithm>

namespace mill::web {

void History::add(const Sample& sample) {
  while (!samples_.empty() && samples_.front().time < sample.time - kSpan) samples_.pop_front();
  if (samples_.empty() || samples_.back().time + kLeast <= sample.time) samples_.push_back(sample);
}

const Sample* History::before(int64_t time) const {
  const auto old = [&](const Sample& it) {
    return it.time + kLeast <= time && it.time >= time - kSpan;
  };
  const auto found = std::find_if(samples_.rbegin(), samples_.rend(), old);
  return found == samples_.rend() ? nullptr : &*found;
}

const Sample* History::oldest(int64_t time) const {
  const auto recent = [&](const Sample& it) {
    return it.time >= time - kSpan && it.time + kLeast <= time;
  };
  const auto found = std::ranges::find_if(samples_, recent);
  return found == samples_.end() ? nullptr : &*found;
}

}  // namespace mill::web
