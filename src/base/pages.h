#pragma once
// Large zeroed memory straight from the kernel: page-aligned, huge pages asked for, given back when
// the owner goes. Memory that is not touched costs nothing.

#include <cstddef>
#include <span>

#include "base/error.h"

namespace mill {

class Pages {
 public:
  Pages() = default;
  static Result<Pages> allocate(size_t bytes);
  ~Pages();
  Pages(Pages&& other) noexcept;
  Pages& operator=(Pages&& other) noexcept;

  std::byte* data() const { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }

 private:
  std::span<std::byte> bytes_;
};

// Tells the kernel that this part of a mapped file will not be read again soon, so that it no
// longer counts as ours; reading it again still works.
void release_mapped(std::span<const std::byte>);

// Bytes that can be allocated now without swapping: the least of what the kernel says is available
// and what the control group of this process has left. 0 where neither can be read.
size_t available_memory();

}  // namespace mill
