#pragma once
// A model again, with its matrices in another number format: GGUF files and Hugging Face folders
// in, GGUF files out.
//
// Which tensors change: those of two and more dimensions, except the routers of mixtures
// (ffn_gate_inp), which are small and decide much. Where the rows do not divide into the format's
// blocks, a tensor falls back to Q8_0, and where they do not divide into 32 either, to F16.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/gguf_writer.h"
#include "data/tensor.h"

namespace mill {

struct RequantizedTensor {
  std::string name;
  std::vector<int64_t> shape;
  DType from = DType::F32, to = DType::F32;
  bool fell_back = false;  // `to` is not the type that was asked for, because of the row length
};

struct RequantizeOptions {
  DType dtype = DType::Q4_0;
  uint32_t threads = 0;  // 0 = as many as the machine has
  // Called before each tensor, with its index.
  std::function<void(size_t index, const std::vector<RequantizedTensor>& plan)> progress = nullptr;
};

struct Requantized {
  std::vector<RequantizedTensor> tensors;  // in the file's order
  uint64_t input_bytes = 0, output_bytes = 0;
};

// What becomes of one tensor.
RequantizedTensor plan_tensor(const Tensor&, DType wanted);

// Where a tensor's numbers come from, and what happens to them on the way.
struct ConversionSource {
  std::vector<Tensor> parts;       // laid one behind the other: the experts of a stack
  uint32_t interleaved_heads = 0;  // the rows of so many heads change places; 0 = as they are
  float offset = 0;                // added to each number of a tensor that becomes F32
};

// What writes a file: its metadata, and its tensors.
struct ConversionJob {
  GgufWriter writer;  // metadata only
  std::vector<ConversionSource> sources;
  std::vector<RequantizedTensor> plan;  // one for each source, by the name it gets
  uint64_t input_bytes = 0;
};
Result<Requantized> run_conversion(ConversionJob, const std::filesystem::path& output,
                                   const RequantizeOptions&);

// general.file_type and general.quantization_version, as readers expect them.
void set_file_type(DType, GgufWriter&);

// Writes `output` complete or not at all. Every number must be finite, and within the range of F16
// where it goes there; otherwise an error names the tensor.
Result<Requantized> requantize_gguf(const std::filesystem::path& input,
                                    const std::filesystem::path& output, const RequantizeOptions&);

}  // namespace mill
