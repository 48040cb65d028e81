#include "apps/bench_needs.h"

#include <algorithm>

#include "base/team.h"
#include "kernels/packed.h"

namespace mill::apps {
namespace {

// Matrices that every token goes through, and the head that only wanted rows do.
struct WeightCount {
  double bytes = 0, values = 0;
  void add(const Tensor* tensor, double share = 1.0) {
    if (tensor == nullptr) return;
    bytes += share * static_cast<double>(tensor->bytes.size());
    values += share * static_cast<double>(tensor->values());
  }
};

WeightCount layer_weights(const llm::ModelDescription& model) {
  WeightCount count;
  const double used = model.config.experts == 0
                          ? 0.0
                          : static_cast<double>(model.config.experts_used) / model.config.experts;
  for (const llm::LayerWeights& w : model.weights.layer) {
    for (const Tensor* t : {w.query, w.key, w.value, w.output, w.gate, w.up, w.down, w.router})
      count.add(t);
    for (const auto* experts : {&w.expert_gate, &w.expert_up, &w.expert_down}) {
      for (const Tensor* t : *experts) count.add(t, used);
    }
  }
  return count;
}

// Larger than any cache; more would only take longer to read.
constexpr size_t kBufferMax = size_t{1} << 30;
constexpr size_t kQuickBufferMax = size_t{1} << 28;

size_t read_bytes(const llm::ModelDescription& model) {
  WeightCount weights = layer_weights(model);
  weights.add(model.weights.head);
  return static_cast<size_t>(weights.bytes);
}

// The unit that multiplies weights of this format as they are.
std::string kind_of(DType dtype) {
  if (kernels::packed_layout(dtype).bits < 16) return "int8";
  return dtype == DType::BF16 ? "bf16" : "f32";
}

}  // namespace

Needs needs_of(const llm::ModelDescription& model, const BenchCase& c) {
  const llm::ModelConfig& config = model.config;
  WeightCount head;
  head.add(model.weights.head);
  const WeightCount layers = layer_weights(model);
  const double steps = c.prompt > 0 ? 1 : std::max(1U, c.answer);
  const double length = std::max(1U, c.prompt + c.answer);  // processed in each stream
  const kernels::KvLayout layout{c.kv, config.head_dim};
  const double position_bytes = static_cast<double>(layout.key_bytes() + layout.value_bytes()) *
                                config.layers * config.kv_heads / llm::kBlockTokens;
  // Positions looked at, over all tokens: depth + 1, depth + 2 …
  const double seen = c.streams * (length * c.depth + length * (length + 1) / 2);
  Needs needs;
  needs.bytes = steps * (layers.bytes + head.bytes);
  needs.bytes += position_bytes * (c.prompt == 0 ? seen : c.streams * (c.depth + length));
  needs.operations = 2 * (layers.values * c.streams * length + head.values * c.streams * steps);
  needs.attention_operations = 4.0 * config.layers * config.heads * config.head_dim * seen;
  return needs;
}

Result<double> measure_reads_now(unsigned threads, const llm::ModelDescription& model) {
  TRY_ASSIGN(const kernels::Ops* ops, kernels::choose_ops());
  Team team(threads);
  return kernels::measure_reads_now(team, *ops, std::min(read_bytes(model), kQuickBufferMax));
}

Result<Limits> measure_limits(unsigned threads, const llm::ModelDescription& model) {
  TRY_ASSIGN(const kernels::Ops* ops, kernels::choose_ops());
  const size_t bytes = std::min(read_bytes(model), kBufferMax);
  Limits limits;
  Team one(1), all(threads);
  limits.core = kernels::measure_machine(one, *ops, bytes);
  limits.all = threads == 1 ? limits.core : kernels::measure_machine(all, *ops, bytes);
  limits.kind = kind_of(model.weights.layer[0].query->dtype);
  limits.operations_per_s = limits.kind == "int8"   ? limits.all.int8
                            : limits.kind == "bf16" ? limits.all.bf16
                                                    : limits.all.f32;
  return limits;
}

double limit_share(const Needs& needs, const Limits& limits, const BenchCase& c,
                   double tokens_per_s, double read_bytes_per_s) {
  const double computing =
      needs.operations / limits.operations_per_s + needs.attention_operations / limits.all.f32;
  const double least = std::max(needs.bytes / read_bytes_per_s, computing);
  return std::min(1.0, least * tokens_per_s / std::max(1U, c.tokens()));
}

}  // namespace mill::apps
