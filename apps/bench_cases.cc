#include "apps/bench_cases.h"

#include <algorithm>
#include <chrono>

#include "kernels/limits.h"
#include "kernels/packed.h"

namespace mill::apps {
namespace {

using llm::BatchPiece;
using llm::BlockId;
using llm::kBlockTokens;

double seconds_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

uint32_t tokens_of(const BenchCase& c) { return c.streams * (c.prompt > 0 ? c.prompt : c.answer); }

// Streams with blocks of their own, fed with arbitrary tokens.
struct Streams {
  std::vector<std::vector<TokenId>> tokens;
  std::vector<std::vector<BlockId>> blocks;

  Streams(const BenchCase& c, uint32_t vocab) : tokens(c.streams), blocks(c.streams) {
    const uint32_t length = std::max(c.prompt, c.answer) + 1;
    BlockId next = 0;
    for (uint32_t s = 0; s < c.streams; ++s) {
      for (uint32_t i = 0; i < length; ++i)
        tokens[s].push_back(static_cast<TokenId>((i * 7919 + s * 104729 + 11) % vocab));
      for (uint32_t i = 0; i < length; i += kBlockTokens) blocks[s].push_back(next++);
    }
  }
  std::vector<BatchPiece> pieces(uint32_t at, uint32_t count) const {
    std::vector<BatchPiece> all;
    for (size_t s = 0; s < tokens.size(); ++s)
      all.push_back({std::span(tokens[s]).subspan(at, count), at, blocks[s], 1});
    return all;
  }
};

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

}  // namespace

std::vector<BenchCase> bench_cases(bool quick) {
  const uint32_t answer = quick ? 32 : 128;
  std::vector<BenchCase> cases = {{.name = "prefill_512", .prompt = 512},
                                  {.name = "decode_1", .answer = answer},
                                  {.name = "decode_16", .answer = answer / 4, .streams = 16}};
  return cases;
}

double run_case(llm::Runner& runner, const BenchCase& c) {
  const Streams streams(c, runner.vocab_size());
  std::vector<float> logits(size_t{c.streams} * runner.vocab_size());
  if (c.prompt == 0) runner.step(streams.pieces(0, 1), logits);
  const double start = seconds_now();
  if (c.prompt > 0) runner.step(streams.pieces(0, c.prompt), logits);
  for (uint32_t i = 1; i <= c.answer; ++i) runner.step(streams.pieces(i, 1), logits);
  return tokens_of(c) / (seconds_now() - start);
}

Needs needs_of(const llm::ModelDescription& model, const BenchCase& c) {
  const llm::ModelConfig& config = model.config;
  WeightCount head;
  head.add(model.weights.head);
  const WeightCount layers = layer_weights(model);
  const double steps = c.prompt > 0 ? 1 : c.answer;
  const double tokens = tokens_of(c);
  const double length = std::max(c.prompt, c.answer);
  const double kv_width = 2.0 * config.layers * config.kv_heads * config.head_dim;
  const double seen = c.streams * length * (length + 1) / 2;  // positions, over all tokens
  Needs needs;
  needs.bytes = steps * (layers.bytes + head.bytes);
  if (c.prompt == 0) needs.bytes += seen * kv_width * 2;  // f16
  needs.operations = 2 * (layers.values * tokens + head.values * c.streams * steps);
  needs.operations += 4.0 * config.layers * config.heads * config.head_dim * seen;
  return needs;
}

Limits measure_limits(unsigned threads, const kernels::Ops& ops,
                      const llm::ModelDescription& model) {
  Team team(threads);
  WeightCount all = layer_weights(model);
  all.add(model.weights.head);
  const bool floats = kernels::packed_layout(model.weights.layer[0].query->dtype).bits >= 16;
  return {.read_bytes_per_s = kernels::read_bytes_per_s(team, ops, static_cast<size_t>(all.bytes)),
          .operations_per_s =
              floats ? kernels::f32_ops_per_s(team, ops) : kernels::int8_ops_per_s(team, ops),
          .kind = floats ? "f32" : "int8"};
}

double limit_share(const Needs& needs, const Limits& limits, const BenchCase& c,
                   double tokens_per_s) {
  const double least =
      std::max(needs.bytes / limits.read_bytes_per_s, needs.operations / limits.operations_per_s);
  return std::min(1.0, least * tokens_per_s / tokens_of(c));
}

}  // namespace mill::apps
