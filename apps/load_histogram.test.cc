#include "apps/load_histogram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace mill::apps {
namespace {

TEST_CASE("nothing has no time") {
  CHECK(Histogram().percentile_s(0.99) == 0);
  CHECK(Histogram().max_s() == 0);
  CHECK(Histogram().mean_s() == 0);
}

TEST_CASE("percentiles are those of the sorted times, within half a percent") {
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> times(-4, 2);
  std::vector<double> all;
  Histogram histogram, halves[2];
  for (size_t i = 0; i < 10'001; ++i) {
    all.push_back(times(random));
    histogram.add(all.back());
    halves[i % 2].add(all.back());
  }
  halves[0].add(halves[1]);
  halves[0].add(Histogram());
  std::ranges::sort(all);
  CHECK(histogram.count() == all.size());
  CHECK(histogram.max_s() == all.back());
  for (const double share : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    CAPTURE(share);
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(all.size())));
    const double exact = all[std::max<size_t>(rank, 1) - 1];
    CHECK(histogram.percentile_s(share) == doctest::Approx(exact).epsilon(0.0051));
    CHECK(halves[0].percentile_s(share) == histogram.percentile_s(share));
  }
  CHECK(halves[0].mean_s() == doctest::Approx(histogram.mean_s()));
}

TEST_CASE("times that no clock gives do not break it") {
  Histogram histogram;
  for (const double odd : {0.0, -1.0, 1e-12, 1e9}) histogram.add(odd);
  CHECK(histogram.count() == 4);
  CHECK(histogram.percentile_s(0.5) <= 1e-6);
  CHECK(histogram.max_s() == 1e9);
}

}  // namespace
}  // namespace mill::apps
