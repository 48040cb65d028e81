// The second half of a layer: x += down · (act(gate·norm(x)) ∘ up·norm(x)), or a mixture of such.

#include <algorithm>
#include <array>
#include <limits>

#include "llm/transformer/forward.h"

namespace mill::llm {
namespace {

// act(gate)·up, or act(up), row by row, into `gate`.
void activate(Lane& lane, Step& s, size_t rows) {
  const ModelConfig& c = s.model.config();
  // A piece of a row is enough for a lane, so that one row keeps all lanes busy.
  const Share share = lane.split(rows * c.hidden, kernels::kBlock);
  const float* gate = s.buffers.gate + share.begin;
  const float* up = s.buffers.up + share.begin;
  float* out = s.buffers.gate + share.begin;
  const size_t n = share.end - share.begin;
  if (!c.gated)
    s.ops.relu_squared(up, out, n);
  else if (c.activation == Activation::silu)
    s.ops.silu_mul(gate, up, out, n);
  else
    s.ops.gelu_mul(gate, up, out, n);
  lane.barrier();
}

void dense(Lane& lane, Step& s, const TransformerLayer& w) {
  StepBuffers& b = s.buffers;
  const size_t rows = s.rows.size();
  auto input = normed_input(lane, s, {&w.mlp_norm, b.hidden, b.normed, rows});
  if (s.model.config().gated)
    project(lane, s, input, rows, std::array{Output{&w.gate, b.gate}, Output{&w.up, b.up}});
  else
    project(lane, s, input, rows, std::array{Output{&w.up, b.up}});
  activate(lane, s, rows);
  input = plain_input(lane, s, b.gate, rows, s.model.config().hidden);
  const bool direct = w.mlp_post_norm.weight == nullptr && w.down.bias == nullptr;
  project(lane, s, input, rows, std::array{Output{&w.down, direct ? b.hidden : b.branch, direct}});
  if (!direct) add_branch(lane, s, w.mlp_post_norm);
}

// The best `experts_used` scores of a row become weights that sum to 1, the others 0; of equal
// scores the first is better (Jiang et al., Mixtral of Experts, 2024, section 2.1).
void choose_experts(const Step& s, float* scores) {
  const ModelConfig& c = s.model.config();
  std::vector<uint32_t> chosen;
  std::vector<float> best;
  for (uint32_t n = 0; n < c.experts_used; ++n) {
    float* const top = std::max_element(scores, scores + c.experts);
    chosen.push_back(static_cast<uint32_t>(top - scores));
    best.push_back(*top);
    *top = -std::numeric_limits<float>::infinity();
  }
  s.ops.softmax(best.data(), best.size());
  std::fill_n(scores, c.experts, 0.0F);
  for (size_t i = 0; i < best.size(); ++i) scores[chosen[i]] = best[i];
}

// Runs one expert on the rows that chose it. Experts come in order, so a row's sum has its own
// fixed order whatever the other rows chose.
void run_expert(Lane& lane, Step& s, const Expert& expert, size_t e) {
  const ModelConfig& c = s.model.config();
  StepBuffers& b = s.buffers;
  std::vector<size_t> chosen;  // every lane makes the same list
  for (size_t row = 0; row < s.rows.size(); ++row) {
    if (b.router[row * c.experts + e] > 0.0F) chosen.push_back(row);
  }
  if (chosen.empty()) return;
  const Share share = lane.split(chosen.size());
  for (size_t i = share.begin; i < share.end; ++i)
    std::copy_n(b.normed + chosen[i] * c.width, c.width, b.gathered + i * c.width);
  auto input = plain_input(lane, s, b.gathered, chosen.size(), c.width);
  project(lane, s, input, chosen.size(),
          std::array{Output{&expert.gate, b.gate}, Output{&expert.up, b.up}});
  activate(lane, s, chosen.size());
  input = plain_input(lane, s, b.gate, chosen.size(), c.hidden);
  project(lane, s, input, chosen.size(), std::array{Output{&expert.down, b.gathered}});
  for (size_t i = share.begin; i < share.end; ++i)
    s.ops.axpy(b.router[chosen[i] * c.experts + e], b.gathered + i * c.width,
               b.branch + chosen[i] * c.width, c.width);
  lane.barrier();
}

void mixture(Lane& lane, Step& s, const TransformerLayer& w) {
  const ModelConfig& c = s.model.config();
  StepBuffers& b = s.buffers;
  const size_t rows = s.rows.size();
  const auto input = normed_input(lane, s, {&w.mlp_norm, b.hidden, b.normed, rows});
  project(lane, s, input, rows, std::array{Output{&w.router, b.router}});
  const Share share = lane.split(rows);
  for (size_t row = share.begin; row < share.end; ++row) {
    choose_experts(s, b.router + row * c.experts);
    std::fill_n(b.branch + row * c.width, c.width, 0.0F);
  }
  lane.barrier();
  for (size_t e = 0; e < w.experts.size(); ++e) run_expert(lane, s, w.experts[e], e);
  add_branch(lane, s, w.mlp_post_norm);
}

}  // namespace

void mlp_block(Lane& lane, Step& s, size_t layer) {
  const TransformerLayer& w = s.model.layers[layer];
  if (w.experts.empty())
    dense(lane, s, w);
  else
    mixture(lane, s, w);
}

}  // namespace mill::llm
