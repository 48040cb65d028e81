#include "base/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

namespace mill {
namespace {

size_t read_number(const char* path) {
  std::ifstream file(path);
  size_t value = 0;
  return file >> value ? value : std::numeric_limits<size_t>::max();  // absent, or "max"
}

size_t kernel_available() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  size_t kib = 0;
  for (std::string unit; file >> key >> kib; std::getline(file, unit)) {
    if (key == "MemAvailable:") return kib * 1024;
  }
  return std::numeric_limits<size_t>::max();
}

size_t group_available() {
  const size_t limit = read_number("/sys/fs/cgroup/memory.max");
  const size_t used = read_number("/sys/fs/cgroup/memory.current");
  constexpr size_t kNone = std::numeric_limits<size_t>::max();
  if (limit == kNone || used == kNone) return kNone;
  return limit > used ? limit - used : 0;
}

}  // namespace

Result<Pages> Pages::allocate(size_t bytes) {
  Pages pages;
  if (bytes == 0) return pages;
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    return fail(ErrorKind::exhausted, "the system refused {} bytes of memory", bytes);
  madvise(at, bytes, MADV_HUGEPAGE);  // a wish; small pages work as well
  pages.bytes_ = {static_cast<std::byte*>(at), bytes};
  return pages;
}

Pages::~Pages() {
  if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

Pages::Pages(Pages&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

Pages& Pages::operator=(Pages&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

void release_mapped(std::span<const std::byte> bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t before = (page - reinterpret_cast<uintptr_t>(bytes.data()) % page) % page;
  if (bytes.size() < before + page) return;
  const size_t whole = (bytes.size() - before) / page * page;
  madvise(const_cast<std::byte*>(bytes.data()) + before, whole, MADV_DONTNEED);
}

size_t available_memory() {
  const size_t least = std::min(kernel_available(), group_available());
  return least == std::numeric_limits<size_t>::max() ? 0 : least;
}

}  // namespace mill
