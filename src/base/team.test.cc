#include "base/team.h"

#include <doctest/doctest.h>

#include <numeric>

namespace mill {

TEST_CASE("shares join to the whole, in whole steps") {
  for (unsigned threads : {1U, 2U, 3U, 5U}) {
    Team team(threads);
    for (size_t n : {0UL, 1UL, 7UL, 16UL, 100UL}) {
      std::vector<Share> shares(threads);
      team.run([&](Lane& lane) { shares[lane.index()] = lane.split(n, 4); });
      size_t at = 0;
      for (const Share& share : shares) {
        CHECK(share.begin == at);
        CHECK((share.end == n || share.end % 4 == 0));
        at = share.end;
      }
      CHECK(at == n);
    }
  }
}

TEST_CASE("after a barrier everyone sees what everyone wrote") {
  Team team(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<int> written(3, 0);
    std::vector<int> sums(3, 0);
    team.run([&](Lane& lane) {
      for (int step = 0; step < 5; ++step) {
        written[lane.index()] += static_cast<int>(lane.index()) + 1;
        lane.barrier();
        sums[lane.index()] += std::accumulate(written.begin(), written.end(), 0);
        lane.barrier();
      }
    });
    for (int sum : sums) CHECK(sum == 6 * (1 + 2 + 3 + 4 + 5));
  }
}

}  // namespace mill
