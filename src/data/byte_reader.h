#pragma once
// Reads little-endian values off the front of foreign bytes, and never past their end.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/error.h"

namespace mill {

static_assert(std::endian::native == std::endian::little, "file formats are read as they lie");

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t offset() const { return offset_; }
  size_t left() const { return bytes_.size() - offset_; }

  // `what` names the thing in the error: "truncated at byte 24 of 30: the tensor count needs 8
  // more".
  template <class T>
  Result<T> read(std::string_view what) {
    TRY(need(sizeof(T), what));
    T value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }

  Result<std::string_view> read_text(uint64_t size, std::string_view what) {
    TRY(need(size, what));
    const auto* start = reinterpret_cast<const char*>(bytes_.data() + offset_);
    offset_ += size;
    return std::string_view(start, size);
  }

  std::span<const std::byte> since(size_t start) const {
    return bytes_.subspan(start, offset_ - start);
  }

  Result<void> need(uint64_t size, std::string_view what) const {
    if (size <= left()) return {};
    return fail(ErrorKind::invalid, "truncated at byte {} of {}: {} needs {} bytes, {} are left",
                offset_, bytes_.size(), what, size, left());
  }

 private:
  std::span<const std::byte> bytes_;
  size_t offset_ = 0;
};

}  // namespace mill
