#pragma once
// As much of Protocol Buffers' wire format as reading a SentencePiece model takes.
//
//   message = field*            field = tag value           tag = varint(number << 3 | type)
//   type 0: varint (7 bits a byte, low first, the top bit says that more follow)
//   type 1: 8 bytes   type 2: varint length, then that many bytes   type 5: 4 bytes
// Types 3, 4 (groups) and what else there is are refused.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"

namespace mill::tok {

struct ProtoField {
  uint64_t number = 0;
  uint64_t value = 0;                // of types 0, 1 and 5 (their bits)
  std::span<const std::byte> bytes;  // of type 2

  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  float number_f32() const;
};

class ProtoReader {
 public:
  explicit ProtoReader(std::span<const std::byte> bytes) : rest_(bytes) {}
  bool done() const { return rest_.empty(); }
  Result<ProtoField> next();

 private:
  Result<uint64_t> varint();
  Result<uint64_t> fixed(size_t size);
  std::span<const std::byte> rest_;
};

}  // namespace mill::tok
