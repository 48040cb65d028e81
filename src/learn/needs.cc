#include "learn/needs.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace mill::learn {
namespace {

constexpr int64_t kFloat = sizeof(float);

// Floats that the way back needs of a token in one layer: two residual streams and their norms, the
// outputs of query, key and value rotated and not, what was attended, gate, up, their product, and
// as much again in passing (measured: docs/teaching.md).
int64_t layer_floats(const DecoderConfig& c) {
  return 6 * c.width + 3 * (c.heads + 2 * c.kv_heads) * c.head_dim + 5 * c.hidden;
}

}  // namespace

MemoryNeeds memory_needs(Decoder& model, const std::vector<NamedTensor>& parameters,
                         const TrainOptions& options) {
  MemoryNeeds out;
  for (const NamedTensor& it : tensors_of(model)) out.weights += it.tensor->numel() * kFloat;
  // The parameter's gradient, and the two moments of Adam.
  for (const NamedTensor& it : parameters) out.learning += it.tensor->numel() * kFloat * 3;
  const DecoderConfig& c = model.config;
  const auto tokens = static_cast<int64_t>(options.batch_tokens);
  const int64_t layers = options.recompute ? 1 : c.layers;
  out.activations = tokens * kFloat * (layers * layer_floats(c) + c.layers * c.width);
  out.activations += 3 * 128 * c.vocab * kFloat;  // logits of 128 tokens, and their slopes
  return out;
}

Result<void> check_memory(Decoder& model, const std::vector<NamedTensor>& parameters,
                          const TrainOptions& options, int64_t bytes_left) {
  constexpr int64_t kMiB = 1 << 20;
  const MemoryNeeds needs = memory_needs(model, parameters, options);
  const int64_t more = needs.all() - needs.weights;  // the weights are there already
  if (more <= bytes_left) return {};
  const int64_t fits = (bytes_left - needs.learning) * static_cast<int64_t>(options.batch_tokens) /
                       std::max<int64_t>(needs.activations, 1);
  const std::string remedy =
      needs.learning > bytes_left ? "its optimiser alone is more: --method lora, a lower --rank"
      : !options.recompute        ? "--recompute needs the least; or --batch-tokens " +
                                 std::to_string(std::max<int64_t>(fits, 2))
                           : "--batch-tokens " + std::to_string(std::max<int64_t>(fits, 2));
  return fail(
      ErrorKind::exhausted,
      "the training needs some {} MiB more ({} to learn, {} for a batch), and {} are left: {}",
      more / kMiB, needs.learning / kMiB, needs.activations / kMiB, bytes_left / kMiB, remedy);
}

int64_t memory_left() {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  for (int64_t kilobytes = 0; file >> key >> kilobytes; std::getline(file, unit)) {
    if (key == "MemAvailable:") return kilobytes * 1024;
  }
  return std::numeric_limits<int64_t>::max();
}

}  // namespace mill::learn
