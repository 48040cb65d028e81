#pragma once
// A stable sort, bottom up: runs of 1, 2, 4, … are merged in pairs. Safe with an order that
// contradicts itself, as the values of a template may be ordered (NaN). std::stable_sort would do,
// but libstdc++ takes its buffer from a function that C++17 deprecated, and clang says so.

#include <algorithm>
#include <iterator>
#include <vector>

namespace mill::jinja {

template <class T, class Before>
void merge_sort(std::vector<T>& items, const Before& before) {
  const size_t size = items.size();
  const auto at = [&](size_t index) {
    return std::make_move_iterator(items.begin() +
                                   static_cast<std::ptrdiff_t>(std::min(index, size)));
  };
  for (size_t run = 1; run < size; run *= 2) {
    std::vector<T> merged;
    merged.reserve(size);
    for (size_t begin = 0; begin < size; begin += 2 * run)
      std::merge(at(begin), at(begin + run), at(begin + run), at(begin + 2 * run),
                 std::back_inserter(merged), before);
    items = std::move(merged);
  }
}

}  // namespace mill::jinja
