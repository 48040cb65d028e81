#include "data/requantize.h"

#include <array>
#include <utility>

#include "base/mapped_file.h"
#include "data/convert.h"
#include "data/gguf.h"
#include "data/gguf_writer.h"

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

void set_metadata(const Gguf& input, DType dtype, GgufWriter& writer) {
  for (const auto& [key, value] : input.entries) writer.set_encoded(key, value);
  for (const auto& [row, id] : kFileTypes)
    if (row == dtype) writer.set("general.file_type", static_cast<uint64_t>(id));
  writer.set("general.quantization_version", kQuantizationVersion);
}

}  // namespace

RequantizedTensor plan_tensor(const Tensor& tensor, DType wanted) {
  RequantizedTensor out{tensor.name, tensor.shape, tensor.dtype, tensor.dtype, false};
  if (tensor.shape.size() < 2 || tensor.name.find("ffn_gate_inp") != std::string::npos) return out;
  const int64_t row = tensor.shape.back();
  out.fell_back = !divides(row, wanted);
  out.to = !out.fell_back ? wanted : divides(row, DType::Q8_0) ? DType::Q8_0 : DType::F16;
  return out;
}

Result<Requantized> requantize_gguf(const std::filesystem::path& input,
                                    const std::filesystem::path& output,
                                    const RequantizeOptions& options) {
  TRY_ASSIGN(const auto mapping, MappedFile::open(input));
  Result<Gguf> parsed = parse_gguf(mapping->bytes());
  if (!parsed) return within(input.string(), std::move(parsed).error());
  GgufWriter writer;
  set_metadata(*parsed, options.dtype, writer);
  Requantized out;
  for (const Tensor& tensor : parsed->tensors) {
    out.tensors.push_back(plan_tensor(tensor, options.dtype));
    writer.add(
        {.name = tensor.name, .dtype = out.tensors.back().to, .shape = tensor.shape, .bytes = {}});
  }
  out.input_bytes = mapping->bytes().size();
  out.output_bytes = writer.file_bytes();
  std::vector<std::byte> bytes;
  const auto source = [&](size_t i) -> Result<std::span<const std::byte>> {
    if (options.progress) options.progress(i, out.tensors);
    auto converted = convert(parsed->tensors[i], out.tensors[i].to, options.threads);
    if (!converted) return within(input.string(), std::move(converted).error());
    bytes = std::move(*converted);
    return bytes;
  };
  TRY(writer.write(output, source));
  return out;
}

}  // namespace mill
