#include "data/tokenizer/protobuf.h"

#include <bit>
#include <cstring>

namespace mill::tok {

float ProtoField::number_f32() const { return std::bit_cast<float>(static_cast<uint32_t>(value)); }

Result<uint64_t> ProtoReader::varint() {
  uint64_t value = 0;
  for (size_t i = 0; i < 10 && i < rest_.size(); ++i) {
    const auto byte = static_cast<uint64_t>(rest_[i]);
    value |= (byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      rest_ = rest_.subspan(i + 1);
      return value;
    }
  }
  return fail(ErrorKind::invalid, "a number that does not end: no SentencePiece model, or cut off");
}

Result<uint64_t> ProtoReader::fixed(size_t size) {
  if (rest_.size() < size) return fail(ErrorKind::invalid, "the file is cut off within a number");
  uint64_t value = 0;
  std::memcpy(&value, rest_.data(), size);
  rest_ = rest_.subspan(size);
  return value;
}

Result<ProtoField> ProtoReader::next() {
  TRY_ASSIGN(const uint64_t tag, varint());
  ProtoField field;
  field.number = tag >> 3;
  switch (tag & 7) {
    case 0: {
      TRY_ASSIGN(field.value, varint());
      return field;
    }
    case 1: {
      TRY_ASSIGN(field.value, fixed(8));
      return field;
    }
    case 2: {
      TRY_ASSIGN(const uint64_t size, varint());
      if (size > rest_.size())
        return fail(ErrorKind::invalid, "the file is cut off: a field of {} bytes, {} are left",
                    size, rest_.size());
      field.bytes = rest_.first(size);
      rest_ = rest_.subspan(size);
      return field;
    }
    case 5: {
      TRY_ASSIGN(field.value, fixed(4));
      return field;
    }
    default:
      return fail(ErrorKind::invalid, "a field of wire type {}: no SentencePiece model", tag & 7);
  }
}

}  // namespace mill::tok
