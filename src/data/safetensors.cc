#include "data/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/printable.h"
#include "data/byte_reader.h"

namespace mill {
namespace {

using nlohmann::json;

constexpr uint64_t kHeaderBytesMax = 100'000'000;  // the limit of the format's own library
constexpr int kDepthMax = 3;                       // header, tensor, shape, extent

template <class... Args>
std::unexpected<Error> invalid(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::invalid, format, std::forward<Args>(args)...);
}

Result<json> read_header(ByteReader& in) {
  TRY_ASSIGN(const auto size, in.read<uint64_t>("the header's size"));
  if (size > kHeaderBytesMax)
    return invalid("is not a safetensors file: a header of {} bytes (at most {} are possible)",
                   size, kHeaderBytesMax);
  TRY_ASSIGN(const auto text, in.read_text(size, "the header"));
  // Values nested deeper than any header are dropped while parsing, so that a hostile header costs
  // no more memory than its size suggests.
  const auto shallow = [](int depth, json::parse_event_t, json&) { return depth <= kDepthMax; };
  json header = json::parse(text, shallow, /*allow_exceptions=*/false);
  if (!header.is_object()) return invalid("is not a safetensors file: its header is not JSON");
  return header;
}

std::optional<DType> dtype_of(const json& entry) {
  const auto found = entry.find("dtype");
  if (found == entry.end() || !found->is_string()) return std::nullopt;
  const std::string& name = found->get_ref<const std::string&>();
  if (name == "F32") return DType::F32;
  if (name == "F16") return DType::F16;
  if (name == "BF16") return DType::BF16;
  return std::nullopt;
}

// A list of whole numbers, or nothing.
std::optional<std::vector<uint64_t>> numbers_of(const json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_array()) return std::nullopt;
  std::vector<uint64_t> out;
  for (const json& value : *found) {
    if (!value.is_number_unsigned()) return std::nullopt;
    out.push_back(value.get<uint64_t>());
  }
  return out;
}

Result<void> read_shape(const json& entry, Tensor& tensor) {
  const auto shape = numbers_of(entry, "shape");
  if (!shape) return invalid("tensor {}: its shape is no list of numbers", printable(tensor.name));
  int64_t bytes = static_cast<int64_t>(traits(tensor.dtype).block_bytes);
  for (uint64_t extent : *shape) {
    if (extent == 0 || extent > INT64_MAX ||
        __builtin_mul_overflow(bytes, static_cast<int64_t>(extent), &bytes))
      return invalid("tensor {}: its shape has an extent of 0 or too many values",
                     printable(tensor.name));
    tensor.shape.push_back(static_cast<int64_t>(extent));
  }
  return {};
}

Result<Tensor> read_tensor(const std::string& name, const json& entry,
                           std::span<const std::byte> data) {
  Tensor tensor;
  tensor.name = name;
  if (!entry.is_object()) return invalid("tensor {}: is not described", printable(name));
  const std::optional<DType> dtype = dtype_of(entry);
  if (!dtype)
    return fail(
        ErrorKind::unsupported, "tensor {} has type {}; F32, F16 and BF16 are supported",
        printable(name),
        printable(
            entry.value("dtype", json()).dump(-1, ' ', true, json::error_handler_t::replace)));
  tensor.dtype = *dtype;
  TRY(read_shape(entry, tensor));
  const auto offsets = numbers_of(entry, "data_offsets");
  if (!offsets || offsets->size() != 2)
    return invalid("tensor {}: data_offsets are not two numbers", printable(name));
  const uint64_t begin = (*offsets)[0], end = (*offsets)[1];
  if (begin > end || end > data.size())
    return invalid(
        "tensor {}: bytes {} to {} are not within the {} bytes of data; is the download "
        "complete?",
        printable(name), begin, end, data.size());
  const uint64_t wanted = bytes_of(tensor.dtype, static_cast<size_t>(tensor.values()));
  if (end - begin != wanted)
    return invalid("tensor {}: {} bytes where its shape needs {}", printable(name), end - begin,
                   wanted);
  tensor.bytes = data.subspan(begin, end - begin);
  return tensor;
}

Result<void> check_cover(std::span<const Tensor> in_order, std::span<const std::byte> data) {
  const std::byte* position = data.data();
  for (const Tensor& tensor : in_order) {
    if (tensor.bytes.data() != position)
      return invalid("tensor {}: its bytes overlap others, or leave a gap before them",
                     printable(tensor.name));
    position += tensor.bytes.size();
  }
  const auto left = data.data() + data.size() - position;
  if (left != 0) return invalid("{} bytes at the end belong to no tensor", left);
  return {};
}

}  // namespace

Result<std::vector<Tensor>> parse_safetensors(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  TRY_ASSIGN(const json header, read_header(in));
  const auto data = bytes.subspan(in.offset());
  std::vector<Tensor> out;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    TRY_ASSIGN(Tensor tensor, read_tensor(name, entry, data));
    out.push_back(std::move(tensor));
  }
  std::ranges::sort(out, {}, [](const Tensor& tensor) { return tensor.bytes.data(); });
  TRY(check_cover(out, data));
  return out;
}

}  // namespace mill
