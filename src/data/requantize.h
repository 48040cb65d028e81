#pragma once
// A model again, with its matrices in another number format.
//
// Which tensors change: those of two and more dimensions, except the routers of mixtures
// (ffn_gate_inp), which are small and decide much. Where the rows do not divide into the format's
// blocks, a tensor falls back to Q8_0, and where they do not divide into 32 either, to F16.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
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

// What becomes of one tensor, where they do not all get the same.
struct TensorFormat {
  DType dtype = DType::F32;
  std::vector<float> importance;  // how much each column matters (quants.h); empty = all alike
};
using TensorFormats = std::map<std::string, TensorFormat, std::less<>>;  // by name

struct RequantizeOptions {
  DType dtype = DType::Q4_0;
  TensorFormats formats = {};  // where there are any, what is not among them keeps its type
  // llama.h, `llama_ftype`, of a mixture that has a name; else that of `dtype`.
  std::optional<uint64_t> file_type = std::nullopt;
  uint32_t threads = 0;  // 0 = as many as the machine has
  // Called before each tensor, with its index.
  std::function<void(size_t index, const std::vector<RequantizedTensor>& plan)> progress = nullptr;
};

struct Requantized {
  std::vector<RequantizedTensor> tensors;  // in the file's order
  uint64_t input_bytes = 0, output_bytes = 0;

  double bits_per_weight() const;  // of the tensors alone, as llama.cpp counts
};

// What becomes of one tensor.
RequantizedTensor plan_tensor(const Tensor&, const RequantizeOptions&);

// Rotation pairs either neighbours of a head (0,1)(2,3)… or its halves (0,d/2)(1,d/2+1)…; the rows
// of a matrix that makes heads can be brought from the one order into the other.
enum class RowOrder : uint8_t { kept, halves_to_neighbours, neighbours_to_halves };

// Where a tensor's numbers come from, and what happens to them on the way.
struct ConversionSource {
  std::vector<Tensor> parts;  // laid one behind the other: the experts of a stack
  RowOrder rows = RowOrder::kept;
  uint32_t heads = 0;  // that the rows make, where their order changes
  float offset = 0;    // added to each number
};

// The tensors of a file to be written.
struct ConversionJob {
  std::vector<ConversionSource> sources;
  std::vector<RequantizedTensor> plan;  // one for each source, by the name it gets
  uint64_t input_bytes = 0;

  void add(ConversionSource, RequantizedTensor);
};

// The writer has its metadata already. A file appears complete or not at all.
Result<Requantized> write_gguf(ConversionJob, GgufWriter, const std::filesystem::path& output,
                               const RequantizeOptions&);
Result<Requantized> write_safetensors(ConversionJob, const std::filesystem::path& output,
                                      const RequantizeOptions&);

// general.file_type and general.quantization_version, as readers expect them.
void set_file_type(const RequantizeOptions&, GgufWriter&);

// Writes `output` complete or not at all. Every number must be finite, and within the range of F16
// where it goes there; otherwise an error names the tensor.
Result<Requantized> requantize_gguf(const std::filesystem::path& input,
                                    const std::filesystem::path& output, const RequantizeOptions&);

}  // namespace mill
