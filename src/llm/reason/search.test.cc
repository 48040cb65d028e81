#include "llm/reason/search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

namespace mill::llm {
namespace {

std::unique_ptr<Search> made(const char* method, uint32_t n) {
  auto search = make_search({.method = method, .n = n});
  REQUIRE(search.has_value());
  return std::move(*search);
}

struct Shown {
  uint32_t path = 0;
  uint32_t heard = 0;  // paths that ended of themselves
};

// The paths end in this order, but for those that are stopped before.
Shown run(Search& search, const std::vector<PathEnd>& ends, const std::vector<uint32_t>& order) {
  std::vector<bool> stopped(ends.size(), false);
  Shown shown;
  for (const uint32_t path : order) {
    if (stopped[path]) continue;
    ++shown.heard;
    for (const uint32_t it : search.ended(ends[path]).stop) stopped[it] = true;
  }
  shown.path = search.shown();
  return shown;
}

}  // namespace

TEST_CASE("a method that is not there is told with those that are") {
  const auto none = make_search({.method = "luck", .n = 4});
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().message ==
        "there is no method 'luck'; there are 'self_consistency', 'best_of_n'");
  CHECK_FALSE(make_search({.method = "best_of_n", .n = 0}).has_value());
  CHECK_FALSE(make_search({.method = "best_of_n", .n = kPathsMax + 1}).has_value());
  for (const SearchMethod& row : search_methods()) {
    CHECK(row.make(3)->paths() == 3);
    CHECK_FALSE(row.summary.empty());
  }
}

TEST_CASE("self-consistency: decided early, the first that came to it is shown") {
  const auto search = made("self_consistency", 5);
  CHECK(search->ended({.path = 3, .text = "so 18"}).stop.empty());
  CHECK(search->ended({.path = 1, .text = "it is 18.0"}).stop.empty());
  const Verdict verdict = search->ended({.path = 4, .text = "#### 18"});
  CHECK(verdict.stop == std::vector<uint32_t>{2});  // path 0 may be the one to show
  CHECK(verdict.note == "Path 5 of 5: 18 (most come to 18: 3 of 3)");
  CHECK(search->shown() == 1);
  CHECK(search->ended({.path = 0, .text = "18"}).stop == std::vector<uint32_t>{2});
  CHECK(search->shown() == 0);
}

TEST_CASE("best of n: the likeliest whole one") {
  const auto search = made("best_of_n", 3);
  search->ended({.path = 2, .text = "a", .logprob_mean = -0.1, .cut = true});
  CHECK(search->shown() == 2);
  search->ended({.path = 1, .text = "b", .logprob_mean = -0.9});
  CHECK(search->shown() == 1);
  search->ended({.path = 0, .text = "c", .logprob_mean = -0.9});
  CHECK(search->shown() == 0);
}

TEST_CASE("what is shown does not depend on the order in which paths end") {
  std::mt19937 random(5);
  for (const SearchMethod& method : search_methods()) {
    CAPTURE(method.name);
    uint32_t spared = 0;
    for (int world = 0; world < 300; ++world) {
      const auto n = static_cast<uint32_t>(1 + random() % 10);
      std::vector<std::string> texts(n);
      std::vector<PathEnd> ends(n);
      std::vector<uint32_t> order(n);
      for (uint32_t i = 0; i < n; ++i) {
        order[i] = i;
        texts[i] = random() % 4 == 0 ? "?" : std::to_string(random() % 3);
        ends[i] = {.path = i,
                   .text = texts[i],
                   .logprob_mean = -static_cast<double>(random() % 5),
                   .cut = random() % 5 == 0};
      }
      const uint32_t expected = run(*method.make(n), ends, order).path;
      std::shuffle(order.begin(), order.end(), random);
      const Shown shown = run(*method.make(n), ends, order);
      CHECK(shown.path == expected);
      spared += n - shown.heard;
    }
    CHECK((method.name == "best_of_n" || spared > 30));
  }
}

}  // namespace mill::llm
