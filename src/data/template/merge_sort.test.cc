#include "data/template/merge_sort.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <utility>

namespace mill::jinja {

TEST_CASE("any number of items is sorted, and equals keep their order") {
  std::mt19937 random(3);
  for (size_t size = 0; size < 70; ++size) {
    std::vector<std::pair<unsigned, size_t>> items;
    for (size_t i = 0; i < size; ++i) items.emplace_back(random() % 8, i);
    auto sorted = items;
    std::ranges::sort(sorted);  // equal keys by their place
    merge_sort(items, [](const auto& a, const auto& b) { return a.first < b.first; });
    CHECK(items == sorted);
  }
}

TEST_CASE("an order that contradicts itself loses nothing") {
  std::vector<double> items(33, NAN);
  for (size_t i = 0; i < items.size(); i += 2) items[i] = -static_cast<double>(i);
  merge_sort(items, [](double a, double b) { return a < b; });
  CHECK(items.size() == 33);
  CHECK(std::ranges::count_if(items, [](double x) { return std::isnan(x); }) == 16);
  merge_sort(items, [](double, double) { return true; });
  CHECK(std::ranges::count(items, -32.0) == 1);
}

}  // namespace mill::jinja
