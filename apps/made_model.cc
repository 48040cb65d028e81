#include "apps/made_model.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <vector>

#include "apps/made_vocabulary.h"
#include "data/gguf_writer.h"
#include "data/random_blocks.h"
#include "llm/models/rope.h"
#include "llm/tune/mixes.h"

namespace mill::apps {
namespace {

// From the models' config.json.
struct Shape {
  const char* name;
  const char* architecture;  // GGUF's
  uint32_t layers, width, heads, kv_heads, head_dim, hidden, vocab, context;
  double rope_base;
  double rope_factor;  // Llama 3's scaling; 0 = none
  bool tied;           // the embedding is the output head
};
constexpr std::array kShapes = {
    Shape{"smollm2-135m", "llama", 30, 576, 9, 3, 64, 1536, 49152, 8192, 1e5, 0, true},
    Shape{"smollm2-360m", "llama", 32, 960, 15, 5, 64, 2560, 49152, 8192, 1e5, 0, true},
    Shape{"llama-1b", "llama", 16, 2048, 32, 8, 64, 8192, 128256, 131072, 5e5, 32, true},
    Shape{"llama-3b", "llama", 28, 3072, 24, 8, 128, 8192, 128256, 131072, 5e5, 32, true},
    Shape{"llama-8b", "llama", 32, 4096, 32, 8, 128, 14336, 128256, 131072, 5e5, 8, false},
    Shape{"mistral-7b", "llama", 32, 4096, 32, 8, 128, 14336, 32768, 32768, 1e6, 0, false},
    Shape{"qwen3-0.6b", "qwen3", 28, 1024, 16, 8, 128, 3072, 151936, 40960, 1e6, 0, true},
    Shape{"qwen3-1.7b", "qwen3", 28, 2048, 16, 8, 128, 6144, 151936, 40960, 1e6, 0, true},
    Shape{"qwen3-4b", "qwen3", 36, 2560, 32, 8, 128, 9728, 151936, 40960, 1e6, 0, true},
};

class Plan {
 public:
  Plan(const Shape& shape, const llm::Mix& mix) : shape_(shape), mix_(mix) {}

  std::vector<Tensor> tensors() {
    if (shape_.rope_factor > 0) add("rope_freqs", DType::F32, {shape_.head_dim / 2});
    matrix("token_embd", shape_.vocab, shape_.width);
    for (uint32_t layer = 0; layer < shape_.layers; ++layer) add_layer(layer);
    add("output_norm", DType::F32, {shape_.width});
    if (!shape_.tied) matrix("output", shape_.vocab, shape_.width);
    return std::move(tensors_);
  }

 private:
  void add_layer(uint32_t layer) {
    const std::string blk = fmt::format("blk.{}.", layer);
    const uint32_t query = shape_.heads * shape_.head_dim, kv = shape_.kv_heads * shape_.head_dim;
    add(blk + "attn_norm", DType::F32, {shape_.width});
    matrix(blk + "attn_q", query, shape_.width);
    matrix(blk + "attn_k", kv, shape_.width);
    matrix(blk + "attn_v", kv, shape_.width);
    matrix(blk + "attn_output", shape_.width, query);
    if (shape_.architecture == std::string_view("qwen3")) {
      add(blk + "attn_q_norm", DType::F32, {shape_.head_dim});
      add(blk + "attn_k_norm", DType::F32, {shape_.head_dim});
    }
    add(blk + "ffn_norm", DType::F32, {shape_.width});
    matrix(blk + "ffn_gate", shape_.hidden, shape_.width);
    matrix(blk + "ffn_up", shape_.hidden, shape_.width);
    matrix(blk + "ffn_down", shape_.width, shape_.hidden);
  }
  void matrix(const std::string& name, int64_t outputs, int64_t inputs) {
    const llm::MixShape shape{shape_.layers, shape_.tied};
    add(name, llm::mixed_type(mix_, name + ".weight", inputs, shape), {outputs, inputs});
  }
  void add(const std::string& name, DType dtype, std::vector<int64_t> shape) {
    tensors_.push_back(
        {.name = name + ".weight", .dtype = dtype, .shape = std::move(shape), .bytes = {}});
  }

  const Shape& shape_;
  const llm::Mix& mix_;
  std::vector<Tensor> tensors_;
};

void set_hyperparameters(const Shape& shape, const llm::Mix& mix, GgufWriter& writer) {
  const std::string architecture = shape.architecture;
  const auto set = [&](const char* key, MetaValue value) {
    writer.set(architecture + "." + key, value);
  };
  writer.set("general.architecture", std::string_view(architecture));
  writer.set("general.name", std::string_view(shape.name));
  writer.set("general.description", std::string_view("random weights, to measure speed with"));
  set("block_count", uint64_t{shape.layers});
  set("context_length", uint64_t{shape.context});
  set("embedding_length", uint64_t{shape.width});
  set("feed_forward_length", uint64_t{shape.hidden});
  set("attention.head_count", uint64_t{shape.heads});
  set("attention.head_count_kv", uint64_t{shape.kv_heads});
  set("attention.key_length", uint64_t{shape.head_dim});
  set("attention.value_length", uint64_t{shape.head_dim});
  set("attention.layer_norm_rms_epsilon", double{shape.rope_factor > 0 ? 1e-5F : 1e-6F});
  set("rope.dimension_count", uint64_t{shape.head_dim});
  set("rope.freq_base", shape.rope_base);
  set("vocab_size", uint64_t{shape.vocab});
  writer.set("general.file_type", mix.file_type);
  writer.set("general.quantization_version", uint64_t{2});  // ggml.h, GGML_QNT_VERSION
}

// Norms are ones, as before training; rotation as the shape has it; all else is random.
std::vector<std::byte> numbers_of(const Tensor& tensor, const Shape& shape, uint64_t seed) {
  std::vector<std::byte> bytes(bytes_of(tensor.dtype, static_cast<size_t>(tensor.values())));
  if (tensor.shape.size() > 1) {
    fill_random_blocks(tensor.dtype, seed, bytes);
    return bytes;
  }
  std::vector<float> values(static_cast<size_t>(tensor.values()), 1.0F);
  if (tensor.name == "rope_freqs.weight")
    values = llm::llama3_factors({.factor = shape.rope_factor, .original_context = 8192},
                                 shape.rope_base, shape.head_dim);
  std::ranges::copy(std::as_bytes(std::span(values)), bytes.begin());
  return bytes;
}

template <class Rows>
std::string names_of(const Rows& rows) {
  std::string names;
  for (const auto& row : rows) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

const Shape* shape_named(const std::string& name) {
  for (const Shape& shape : kShapes)
    if (shape.name == name) return &shape;
  return nullptr;
}

}  // namespace

std::string made_shape_names() { return names_of(kShapes); }
std::string made_quant_names() { return names_of(llm::mixes()); }

Result<MadeModelSize> make_model(const MadeModel& wanted) {
  const Shape* shape = shape_named(wanted.shape);
  const llm::Mix* quant = llm::mix_named(wanted.quant);
  if (shape == nullptr)
    return fail(ErrorKind::invalid, "--make-model {} does not exist; there are {}", wanted.shape,
                made_shape_names());
  if (quant == nullptr)
    return fail(ErrorKind::invalid, "--quant {} does not exist; there are {}", wanted.quant,
                made_quant_names());
  GgufWriter writer;
  set_hyperparameters(*shape, *quant, writer);
  set_made_vocabulary(shape->vocab, writer);
  const std::vector<Tensor> tensors = Plan(*shape, *quant).tensors();
  MadeModelSize size;
  for (const Tensor& tensor : tensors) {
    writer.add(tensor);
    size.parameters += static_cast<uint64_t>(tensor.values());
  }
  size.bytes = writer.file_bytes();
  uint64_t written = 0;
  std::vector<std::byte> numbers;
  TRY(writer.write(wanted.output, [&](size_t i) -> Result<std::span<const std::byte>> {
    numbers = numbers_of(tensors[i], *shape, i);
    written += numbers.size();
    fmt::print(stderr, "\r{}: {} of {} MB", wanted.output.string(), written / 1'000'000,
               size.bytes / 1'000'000);
    return numbers;
  }));
  fmt::print(stderr, "\n");
  return size;
}

}  // namespace mill::apps
