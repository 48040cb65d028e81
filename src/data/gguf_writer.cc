#include "data/gguf_writer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>

#include "base/assert.h"
#include "base/new_file.h"
#include "data/gguf_types.h"

namespace mill {
namespace {

using Bytes = std::vector<std::byte>;

void append(Bytes& out, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  out.resize(out.size() + bytes.size());
  std::memcpy(out.data() + (out.size() - bytes.size()), bytes.data(), bytes.size());
}

template <class T>
void put(Bytes& out, T value) {
  append(out, std::as_bytes(std::span(&value, 1)));
}

void put_text(Bytes& out, std::string_view text) {
  put(out, static_cast<uint64_t>(text.size()));
  append(out, std::as_bytes(std::span(text)));
}

// The narrow type of a number, where all of `values` fit it.
template <class Narrow, class Wide>
bool fits(std::span<const Wide> values) {
  return std::ranges::all_of(values, [](Wide value) {
    if constexpr (std::is_floating_point_v<Wide>) {
      return value != value || static_cast<Wide>(static_cast<Narrow>(value)) == value;
    } else {
      return std::in_range<Narrow>(value);
    }
  });
}

template <class T>
struct Types;
template <>
struct Types<uint64_t> {
  using Narrow = uint32_t;
  static constexpr GgufType kNarrow = GgufType::u32, kWide = GgufType::u64;
};
template <>
struct Types<int64_t> {
  using Narrow = int32_t;
  static constexpr GgufType kNarrow = GgufType::i32, kWide = GgufType::i64;
};
template <>
struct Types<double> {
  using Narrow = float;
  static constexpr GgufType kNarrow = GgufType::f32, kWide = GgufType::f64;
};

// [array | type | count] values: one number is an array without its head.
template <class T>
void encode_numbers(Bytes& out, std::span<const T> values, bool array) {
  const bool narrow = fits<typename Types<T>::Narrow>(values);
  put(out, narrow ? Types<T>::kNarrow : Types<T>::kWide);
  if (array) put(out, static_cast<uint64_t>(values.size()));
  for (T value : values) {
    if (narrow) {
      put(out, static_cast<typename Types<T>::Narrow>(value));
    } else {
      put(out, value);
    }
  }
}

struct Encoder {
  Bytes& out;

  template <class T>
  void operator()(const T& value) const {
    encode_numbers(out, std::span<const T>(&value, 1), false);
  }
  template <class T>
  void operator()(const std::vector<T>& values) const {
    put(out, GgufType::array);
    encode_numbers(out, std::span<const T>(values), true);
  }
  void operator()(bool value) const {
    put(out, GgufType::boolean);
    put(out, static_cast<uint8_t>(value));
  }
  void operator()(std::string_view value) const {
    put(out, GgufType::string);
    put_text(out, value);
  }
  void operator()(const std::vector<bool>& values) const {
    put(out, GgufType::array);
    put(out, GgufType::boolean);
    put(out, static_cast<uint64_t>(values.size()));
    for (bool value : values) put(out, static_cast<uint8_t>(value));
  }
  void operator()(const std::vector<std::string_view>& values) const {
    put(out, GgufType::array);
    put(out, GgufType::string);
    put(out, static_cast<uint64_t>(values.size()));
    for (std::string_view value : values) put_text(out, value);
  }
};

uint64_t bytes_of_tensor(const Tensor& tensor) {
  return bytes_of(tensor.dtype, static_cast<size_t>(tensor.values()));
}

uint64_t aligned(uint64_t offset) {
  return (offset + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment;
}

}  // namespace

void GgufWriter::set(std::string_view key, const MetaValue& value) {
  Bytes encoded;
  std::visit(Encoder{encoded}, value);
  set_encoded(key, encoded);
}

void GgufWriter::set_encoded(std::string_view key, std::span<const std::byte> value) {
  if (key == "general.alignment") return;  // ours is the default one
  const auto found =
      std::ranges::find(entries_, key, &std::pair<std::string, std::vector<std::byte>>::first);
  if (found != entries_.end()) {
    found->second.assign(value.begin(), value.end());
  } else {
    entries_.emplace_back(key, Bytes(value.begin(), value.end()));
  }
}

void GgufWriter::add(Tensor tensor) {
  ASSERT(tensor.bytes.empty() || tensor.bytes.size() == bytes_of_tensor(tensor), tensor.name);
  tensors_.push_back(std::move(tensor));
}

Bytes GgufWriter::header() const {
  Bytes out;
  append(out, std::as_bytes(std::span("GGUF", 4)));
  put(out, uint32_t{3});
  put(out, static_cast<uint64_t>(tensors_.size()));
  put(out, static_cast<uint64_t>(entries_.size()));
  for (const auto& [key, value] : entries_) {
    put_text(out, key);
    append(out, value);
  }
  uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    put_text(out, tensor.name);
    put(out, static_cast<uint32_t>(tensor.shape.size()));
    for (size_t i = tensor.shape.size(); i-- > 0;) put(out, tensor.shape[i]);  // innermost first
    put(out, static_cast<uint32_t>(tensor.dtype));
    put(out, offset);
    offset = aligned(offset + bytes_of_tensor(tensor));
  }
  out.resize(aligned(out.size()));
  return out;
}

uint64_t GgufWriter::file_bytes() const {
  uint64_t size = header().size();
  for (const Tensor& tensor : tensors_) size += aligned(bytes_of_tensor(tensor));
  return size;
}

Result<void> GgufWriter::write(const std::filesystem::path& path, const Source& source) const {
  TRY_ASSIGN(NewFile file, NewFile::create(path));
  TRY(file.reserve(file_bytes()));
  TRY(file.write(header()));
  for (size_t i = 0; i < tensors_.size(); ++i) {
    TRY_ASSIGN(const std::span<const std::byte> bytes, source(i));
    ASSERT(bytes.size() == bytes_of_tensor(tensors_[i]), tensors_[i].name, bytes.size());
    TRY(file.write(bytes));
    TRY(file.write(Bytes(aligned(bytes.size()) - bytes.size())));
  }
  return file.commit();
}

Result<void> GgufWriter::write(const std::filesystem::path& path) const {
  return write(path, [this](size_t i) { return tensors_[i].bytes; });
}

Bytes GgufWriter::to_bytes() const {
  Bytes out = header();
  for (const Tensor& tensor : tensors_) {
    ASSERT(tensor.bytes.size() == bytes_of_tensor(tensor), tensor.name);
    append(out, tensor.bytes);
    out.resize(aligned(out.size()));
  }
  return out;
}

}  // namespace mill
