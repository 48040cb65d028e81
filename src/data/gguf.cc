#include "data/gguf.h"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include "base/printable.h"
#include "data/byte_reader.h"
#include "data/gguf_types.h"

namespace mill {
namespace {

// The smallest things a count can promise: key length + type + one byte; name length + number of
// dimensions + one dimension + type + offset.
constexpr uint64_t kKeyBytesMin = 8 + 4 + 1;
constexpr uint64_t kTensorBytesMin = 8 + 4 + 8 + 4 + 8;
constexpr uint32_t kDimensionsMax = 4;

template <class... Args>
std::unexpected<Error> invalid(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::invalid, format, std::forward<Args>(args)...);
}

Result<std::string_view> read_string(ByteReader& in, std::string_view what) {
  TRY_ASSIGN(const auto size, in.read<uint64_t>(what));
  return in.read_text(size, what);
}

template <class T>
Result<MetaValue> read_scalar(ByteReader& in, std::string_view key) {
  TRY_ASSIGN(const T value, in.read<T>(key));
  if constexpr (std::is_floating_point_v<T>) {
    return MetaValue(static_cast<double>(value));
  } else if constexpr (std::is_signed_v<T>) {
    return MetaValue(static_cast<int64_t>(value));
  } else {
    return MetaValue(static_cast<uint64_t>(value));
  }
}

Result<bool> read_bool(ByteReader& in, std::string_view key) {
  TRY_ASSIGN(const auto byte, in.read<uint8_t>(key));
  if (byte > 1) return invalid("key {}: {} is not a boolean (0 or 1)", printable(key), byte);
  return byte == 1;
}

Result<MetaValue> read_value(ByteReader& in, std::string_view key, GgufType type);

// One element after the other; the caller has checked that `count` elements can be there.
template <class T>
Result<MetaValue> read_elements(ByteReader& in, std::string_view key, GgufType type,
                                uint64_t count) {
  std::vector<T> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const MetaValue value, read_value(in, key, type));
    values.push_back(std::get<T>(value));
  }
  return MetaValue(std::move(values));
}

uint64_t bytes_min(GgufType type) {
  switch (type) {
    case GgufType::u8:
    case GgufType::i8:
    case GgufType::boolean:
      return 1;
    case GgufType::u16:
    case GgufType::i16:
      return 2;
    case GgufType::u32:
    case GgufType::i32:
    case GgufType::f32:
      return 4;
    default:
      return 8;  // 64-bit numbers; a string's length
  }
}

Result<GgufType> read_type(ByteReader& in, std::string_view key) {
  TRY_ASSIGN(const auto id, in.read<uint32_t>(key));
  if (id >= kGgufTypes)
    return invalid("key {}: value type {} does not exist (0 to 12)", printable(key), id);
  return static_cast<GgufType>(id);
}

Result<MetaValue> read_array(ByteReader& in, std::string_view key) {
  TRY_ASSIGN(const GgufType type, read_type(in, key));
  if (type == GgufType::array)
    return fail(ErrorKind::unsupported, "key {}: arrays of arrays are not supported",
                printable(key));
  TRY_ASSIGN(const auto count, in.read<uint64_t>(key));
  if (count > in.left() / bytes_min(type))
    return invalid("key {}: an array of {} elements cannot fit in the {} bytes left",
                   printable(key), count, in.left());
  switch (type) {
    case GgufType::i8:
    case GgufType::i16:
    case GgufType::i32:
    case GgufType::i64:
      return read_elements<int64_t>(in, key, type, count);
    case GgufType::f32:
    case GgufType::f64:
      return read_elements<double>(in, key, type, count);
    case GgufType::boolean:
      return read_elements<bool>(in, key, type, count);
    case GgufType::string:
      return read_elements<std::string_view>(in, key, type, count);
    default:
      return read_elements<uint64_t>(in, key, type, count);
  }
}

Result<MetaValue> read_value(ByteReader& in, std::string_view key, GgufType type) {
  switch (type) {
    case GgufType::u8:
      return read_scalar<uint8_t>(in, key);
    case GgufType::i8:
      return read_scalar<int8_t>(in, key);
    case GgufType::u16:
      return read_scalar<uint16_t>(in, key);
    case GgufType::i16:
      return read_scalar<int16_t>(in, key);
    case GgufType::u32:
      return read_scalar<uint32_t>(in, key);
    case GgufType::i32:
      return read_scalar<int32_t>(in, key);
    case GgufType::f32:
      return read_scalar<float>(in, key);
    case GgufType::u64:
      return read_scalar<uint64_t>(in, key);
    case GgufType::i64:
      return read_scalar<int64_t>(in, key);
    case GgufType::f64:
      return read_scalar<double>(in, key);
    case GgufType::boolean:
      return read_bool(in, key);
    case GgufType::string:
      return read_string(in, key);
    case GgufType::array:
      return read_array(in, key);
  }
  std::unreachable();
}

struct Header {
  uint32_t version = 0;
  uint64_t tensors = 0, keys = 0;
};

Result<uint32_t> read_version(ByteReader& in) {
  TRY_ASSIGN(const auto magic, in.read_text(4, "the magic \"GGUF\""));
  if (magic != "GGUF")
    return invalid("is not a GGUF file: it starts with \"{}\", not \"GGUF\"", printable(magic));
  TRY_ASSIGN(const auto version, in.read<uint32_t>("the version"));
  if (version != 0 && (version & 0xFFFFU) == 0)
    return fail(ErrorKind::unsupported,
                "is a big-endian GGUF file; convert it to little-endian (gguf-convert-endian)");
  if (version == 1)
    return fail(ErrorKind::unsupported,
                "is GGUF version 1, given up in 2023; convert the model again with a current tool");
  if (version != 2 && version != 3)
    return fail(ErrorKind::unsupported, "is GGUF version {}; versions 2 and 3 are supported",
                version);
  return version;
}

Result<Header> read_header(ByteReader& in) {
  Header header;
  TRY_ASSIGN(header.version, read_version(in));
  TRY_ASSIGN(header.tensors, in.read<uint64_t>("the tensor count"));
  TRY_ASSIGN(header.keys, in.read<uint64_t>("the key count"));
  if (header.keys > in.left() / kKeyBytesMin)
    return invalid("{} keys cannot fit in the {} bytes left", header.keys, in.left());
  if (header.tensors > in.left() / kTensorBytesMin)
    return invalid("{} tensors cannot fit in the {} bytes left", header.tensors, in.left());
  return header;
}

Result<void> read_metadata(ByteReader& in, uint64_t keys, Gguf& out) {
  for (uint64_t i = 0; i < keys; ++i) {
    TRY_ASSIGN(const std::string_view key, read_string(in, "a key's name"));
    const size_t start = in.offset();
    TRY_ASSIGN(const GgufType type, read_type(in, key));
    TRY_ASSIGN(MetaValue value, read_value(in, key, type));
    out.entries.push_back({key, in.since(start)});
    if (!out.metadata.emplace(std::string(key), std::move(value)).second)
      return invalid("key {} occurs twice", printable(key));
  }
  return {};
}

Result<uint64_t> alignment_of(const Gguf& file) {
  const auto found = file.metadata.find("general.alignment");
  if (found == file.metadata.end()) return kGgufAlignment;
  const uint64_t* value = std::get_if<uint64_t>(&found->second);
  if (value == nullptr || !std::has_single_bit(*value) || *value < 8 || *value > (1U << 30))
    return invalid("general.alignment must be a power of two from 8 to 2^30");
  return *value;
}

// Dimensions are stored innermost first; a Tensor's shape is outermost first.
Result<std::vector<int64_t>> read_shape(ByteReader& in, std::string_view name) {
  TRY_ASSIGN(const auto count, in.read<uint32_t>("a tensor's number of dimensions"));
  if (count < 1 || count > kDimensionsMax)
    return invalid("tensor {}: {} dimensions (1 to {} are possible)", printable(name), count,
                   kDimensionsMax);
  std::vector<int64_t> shape(count);
  int64_t values = 1;
  for (uint32_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const auto extent, in.read<uint64_t>("a tensor's dimension"));
    shape[count - 1 - i] = static_cast<int64_t>(extent);
    if (extent == 0 || extent > INT64_MAX ||
        __builtin_mul_overflow(values, static_cast<int64_t>(extent), &values))
      return invalid("tensor {}: its shape has an extent of 0 or too many values", printable(name));
  }
  return shape;
}

struct Placed {
  Tensor tensor;
  uint64_t offset = 0;  // from the start of the data section
};

Result<Placed> read_tensor(ByteReader& in) {
  Placed out;
  TRY_ASSIGN(out.tensor.name, read_string(in, "a tensor's name"));
  const std::string name = printable(out.tensor.name);
  TRY_ASSIGN(out.tensor.shape, read_shape(in, out.tensor.name));
  TRY_ASSIGN(const auto type, in.read<uint32_t>("a tensor's type"));
  if (!dtype_known(type))
    return fail(ErrorKind::unsupported, "tensor {} has type {} ({}), which is not supported", name,
                ggml_type_name(type), type);
  out.tensor.dtype = static_cast<DType>(type);
  const DTypeTraits& format = traits(out.tensor.dtype);
  if (out.tensor.shape.back() % static_cast<int64_t>(format.block_values) != 0)
    return invalid("tensor {}: rows of {} values do not divide into {} blocks of {}", name,
                   out.tensor.shape.back(), format.name, format.block_values);
  TRY_ASSIGN(out.offset, in.read<uint64_t>("a tensor's offset"));
  return out;
}

// Cuts the tensor's bytes out of the data section.
Result<void> place(Placed& placed, std::span<const std::byte> data, uint64_t alignment) {
  Tensor& tensor = placed.tensor;
  const DTypeTraits& format = traits(tensor.dtype);
  const uint64_t blocks = static_cast<uint64_t>(tensor.values()) / format.block_values;
  if (placed.offset % alignment != 0)
    return invalid("tensor {}: offset {} is not a multiple of the alignment {}",
                   printable(tensor.name), placed.offset, alignment);
  if (placed.offset > data.size() || blocks > (data.size() - placed.offset) / format.block_bytes)
    return invalid(
        "tensor {}: {} blocks of {} bytes at offset {} of the data end after the file, "
        "which has {} bytes of data; is the download complete?",
        printable(tensor.name), blocks, format.block_bytes, placed.offset, data.size());
  tensor.bytes = data.subspan(placed.offset, blocks * format.block_bytes);
  return {};
}

}  // namespace

Result<Gguf> parse_gguf(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  Gguf out;
  TRY_ASSIGN(const Header header, read_header(in));
  out.version = header.version;
  TRY(read_metadata(in, header.keys, out));
  TRY_ASSIGN(out.alignment, alignment_of(out));
  std::vector<Placed> placed;
  std::set<std::string_view> names;
  placed.reserve(header.tensors);  // so that the names stay where they are
  for (uint64_t i = 0; i < header.tensors; ++i) {
    TRY_ASSIGN(Placed tensor, read_tensor(in));
    placed.push_back(std::move(tensor));
    if (!names.insert(placed.back().tensor.name).second)
      return invalid("tensor {} occurs twice", printable(placed.back().tensor.name));
  }
  const uint64_t start = (in.offset() + out.alignment - 1) / out.alignment * out.alignment;
  const auto data = bytes.subspan(std::min<uint64_t>(start, bytes.size()));
  for (Placed& tensor : placed) {
    TRY(place(tensor, data, out.alignment));
    out.tensors.push_back(std::move(tensor.tensor));
  }
  return out;
}

}  // namespace mill
