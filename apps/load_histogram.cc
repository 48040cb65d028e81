#include "apps/load_histogram.h"

#include <algorithm>
#include <cmath>

namespace mill::apps {
namespace {

// Bucket n has what lies between 1.01ⁿ⁻½ and 1.01ⁿ⁺½ of a microsecond; the last one, from ln(10¹¹)
// / ln(1.01) ≈ 2545, is over a day.
constexpr double kLeast = 1e-6;
constexpr size_t kBuckets = 2546;
const double kLogWidth = std::log(1.01);

size_t bucket_of(double seconds) {
  if (!(seconds > kLeast)) return 0;
  const double n = std::round(std::log(seconds / kLeast) / kLogWidth);
  return std::min(static_cast<size_t>(n), kBuckets - 1);
}

double middle_of(size_t bucket) {
  return kLeast * std::exp(static_cast<double>(bucket) * kLogWidth);
}

}  // namespace

void Histogram::add(double seconds) {
  buckets_.resize(kBuckets);
  ++buckets_[bucket_of(seconds)];
  ++count_;
  sum_s_ += seconds;
  max_s_ = std::max(max_s_, seconds);
}

void Histogram::add(const Histogram& other) {
  if (other.count_ == 0) return;
  buckets_.resize(kBuckets);
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_s_ += other.sum_s_;
  max_s_ = std::max(max_s_, other.max_s_);
}

double Histogram::percentile_s(double share) const {
  const auto rank = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= std::max<uint64_t>(rank, 1)) return std::min(middle_of(i), max_s_);
  }
  return max_s_;
}

}  // namespace mill::apps
