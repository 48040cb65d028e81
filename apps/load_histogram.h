#pragma once
// Times by their size, in buckets that are 1 % wide: a million of them take as little room as one,
// and every percentile is right within half a percent.

#include <cstdint>
#include <vector>

namespace mill::apps {

class Histogram {
 public:
  void add(double seconds);
  void add(const Histogram&);

  uint64_t count() const { return count_; }
  double max_s() const { return max_s_; }  // exact; 0 where nothing was added
  double mean_s() const { return count_ == 0 ? 0 : sum_s_ / static_cast<double>(count_); }
  // The time that a share of all do not exceed (nearest rank): 0.5 = the median; 0 if empty.
  double percentile_s(double share) const;

 private:
  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  double max_s_ = 0, sum_s_ = 0;
};

}  // namespace mill::apps
