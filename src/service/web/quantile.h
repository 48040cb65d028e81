#pragma once
// Quantiles of what histograms have counted, as Prometheus' histogram_quantile() has them: within a
// bucket, observations are taken to lie evenly.

#include <cstdint>
#include <optional>
#include <span>

namespace mill::web {

// counts[i]: observations of at most bounds[i] that exceed bounds[i - 1]; the last: beyond all, of
// which no more is known than the last bound. Nothing where nothing was observed.
inline std::optional<double> quantile(std::span<const double> bounds,
                                      std::span<const uint64_t> counts, double part) {
  uint64_t all = 0;
  for (const uint64_t each : counts) all += each;
  if (all == 0) return std::nullopt;
  const double rank = part * static_cast<double>(all);
  double before = 0;
  for (size_t i = 0; i < bounds.size(); ++i) {
    const auto count = static_cast<double>(counts[i]);
    if (count > 0 && before + count >= rank) {
      const double low = i == 0 ? 0 : bounds[i - 1];
      return low + (bounds[i] - low) * (rank - before) / count;
    }
    before += count;
  }
  return bounds.back();
}

}  // namespace mill::web
