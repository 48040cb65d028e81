#include "data/requantize.h"

#include <array>
#include <cstring>
#include <utility>

#include "base/mapped_file.h"
#include "data/convert.h"
#include "data/gguf.h"
#include "data/gguf_writer.h"
#include "data/safetensors_writer.h"

namespace mill {
namespace {

// `general.file_type` (llama.h, `llama_ftype`): what most tensors of a file are.
constexpr std::array kFileTypes = {
    std::pair{DType::F32, 0},     std::pair{DType::F16, 1},     std::pair{DType::Q4_0, 2},
    std::pair{DType::Q4_1, 3},    std::pair{DType::Q8_0, 7},    std::pair{DType::Q5_0, 8},
    std::pair{DType::Q5_1, 9},    std::pair{DType::Q2_K, 10},   std::pair{DType::Q3_K, 11},
    std::pair{DType::Q4_K, 14},   std::pair{DType::Q5_K, 16},   std::pair{DType::Q6_K, 18},
    std::pair{DType::IQ4_NL, 25}, std::pair{DType::IQ4_XS, 30}, std::pair{DType::BF16, 32},
    std::pair{DType::MXFP4, 38},
};
constexpr uint64_t kQuantizationVersion = 2;  // ggml.h, GGML_QNT_VERSION

bool divides(int64_t row, DType dtype) {
  return row % static_cast<int64_t>(traits(dtype).block_values) == 0;
}

// Row (head, half, place) of the one order is row (head, place, half) of the other.
std::vector<std::byte> reordered(const Tensor& tensor, RowOrder order, uint32_t heads) {
  const size_t rows = static_cast<size_t>(tensor.shape.front());
  const size_t row_bytes = tensor.bytes.size() / rows, head_dim = rows / heads;
  std::vector<std::byte> out(tensor.bytes.size());
  for (size_t row = 0; row < rows; ++row) {
    const size_t head = row / head_dim, place = row % head_dim / 2, half = row % 2;
    size_t from = head * head_dim + half * (head_dim / 2) + place, to = row;
    if (order == RowOrder::neighbours_to_halves) std::swap(from, to);
    std::memcpy(out.data() + to * row_bytes, tensor.bytes.data() + from * row_bytes, row_bytes);
  }
  return out;
}

void add_offset(float offset, std::span<std::byte> f32) {
  for (size_t at = 0; at < f32.size(); at += sizeof(float)) {
    float value = 0;
    std::memcpy(&value, f32.data() + at, sizeof value);
    value += offset;
    std::memcpy(f32.data() + at, &value, sizeof value);
  }
}

struct Target {
  DType dtype;
  std::span<const float> importance;
  uint32_t threads;
};

Result<std::vector<std::byte>> convert_part(Tensor part, const ConversionSource& how,
                                            const Target& to) {
  std::vector<std::byte> moved, sums;
  if (how.rows != RowOrder::kept) {
    moved = reordered(part, how.rows, how.heads);
    part.bytes = moved;
  }
  if (how.offset != 0) {
    TRY_ASSIGN(sums, convert(part, DType::F32, to.threads));
    add_offset(how.offset, sums);
    part.dtype = DType::F32;
    part.bytes = sums;
  }
  return convert(part, to.dtype, to.importance, to.threads);
}

Result<std::vector<std::byte>> convert_one(const ConversionSource& source,
                                           const RequantizedTensor& plan,
                                           const RequantizeOptions& options) {
  Target target{plan.to, {}, options.threads};
  const auto format = options.formats.find(plan.name);
  if (format != options.formats.end()) target.importance = format->second.importance;
  std::vector<std::byte> out;
  for (const Tensor& part : source.parts) {
    TRY_ASSIGN(std::vector<std::byte> bytes, convert_part(part, source, target));
    if (out.empty())
      out = std::move(bytes);
    else
      out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}

template <class Writer>
Result<Requantized> write_job(const ConversionJob& job, Writer& writer,
                              const std::filesystem::path& output,
                              const RequantizeOptions& options) {
  for (const RequantizedTensor& row : job.plan)
    writer.add({.name = row.name, .dtype = row.to, .shape = row.shape, .bytes = {}});
  std::vector<std::byte> bytes;
  const auto source = [&](size_t i) -> Result<std::span<const std::byte>> {
    if (options.progress) options.progress(i, job.plan);
    TRY_ASSIGN(bytes, convert_one(job.sources[i], job.plan[i], options));
    return bytes;
  };
  TRY(writer.write(output, source));
  return Requantized{job.plan, job.input_bytes, writer.file_bytes()};
}

}  // namespace

double Requantized::bits_per_weight() const {
  double values = 0, bytes = 0;
  for (const RequantizedTensor& tensor : tensors) {
    const Tensor shape{.name = {}, .dtype = tensor.to, .shape = tensor.shape, .bytes = {}};
    values += static_cast<double>(shape.values());
    bytes += static_cast<double>(bytes_of(tensor.to, static_cast<size_t>(shape.values())));
  }
  return values == 0 ? 0 : 8 * bytes / values;
}

RequantizedTensor plan_tensor(const Tensor& tensor, const RequantizeOptions& options) {
  RequantizedTensor out{tensor.name, tensor.shape, tensor.dtype, tensor.dtype, false};
  const auto format = options.formats.find(tensor.name);
  if (format != options.formats.end()) out.to = format->second.dtype;
  if (!options.formats.empty()) return out;
  const DType wanted = options.dtype;
  if (tensor.shape.size() < 2 || tensor.name.find("ffn_gate_inp") != std::string::npos) return out;
  const int64_t row = tensor.shape.back();
  out.fell_back = !divides(row, wanted);
  out.to = !out.fell_back ? wanted : divides(row, DType::Q8_0) ? DType::Q8_0 : DType::F16;
  return out;
}

void set_file_type(const RequantizeOptions& options, GgufWriter& writer) {
  uint64_t file_type = 0;
  for (const auto& [row, id] : kFileTypes)
    if (row == options.dtype) file_type = static_cast<uint64_t>(id);
  writer.set("general.file_type", options.file_type.value_or(file_type));
  writer.set("general.quantization_version", kQuantizationVersion);
}

void ConversionJob::add(ConversionSource source, RequantizedTensor row) {
  for (const Tensor& part : source.parts) input_bytes += part.bytes.size();
  sources.push_back(std::move(source));
  plan.push_back(std::move(row));
}

Result<Requantized> write_gguf(ConversionJob job, GgufWriter writer,
                               const std::filesystem::path& output,
                               const RequantizeOptions& options) {
  return write_job(job, writer, output, options);
}

Result<Requantized> write_safetensors(ConversionJob job, const std::filesystem::path& output,
                                      const RequantizeOptions& options) {
  SafetensorsWriter writer;
  return write_job(job, writer, output, options);
}

Result<Requantized> requantize_gguf(const std::filesystem::path& input,
                                    const std::filesystem::path& output,
                                    const RequantizeOptions& options) {
  TRY_ASSIGN(const auto mapping, MappedFile::open(input));
  Result<Gguf> parsed = parse_gguf(mapping->bytes());
  if (!parsed) return within(input.string(), std::move(parsed).error());
  GgufWriter writer;
  for (const auto& [key, value] : parsed->entries) writer.set_encoded(key, value);
  set_file_type(options, writer);
  ConversionJob job;
  for (const Tensor& tensor : parsed->tensors)
    job.add({.parts = {tensor}}, plan_tensor(tensor, options));
  job.input_bytes = mapping->bytes().size();
  return write_gguf(std::move(job), std::move(writer), output, options);
}

}  // namespace mill
