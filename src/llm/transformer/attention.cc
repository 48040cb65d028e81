// The first half of a layer: x += O · attention(rope(Q·norm(x)), rope(K·norm(x)), V·norm(x)).

#include <array>
#include <cmath>

#include "llm/transformer/forward.h"

namespace mill::llm {
namespace {

void norm_heads(const Step& s, const kernels::NormArgs& norm, float* heads, size_t count) {
  if (norm.weight == nullptr) return;
  for (size_t h = 0; h < count; ++h)
    s.ops.rms_norm(norm, heads + h * norm.cols, heads + h * norm.cols);
}

// Norms and rotates the row's queries and keys, scales the queries, and stores keys and values.
void place_row(Step& s, size_t layer, size_t row) {
  const ModelConfig& c = s.model.config();
  const TransformerLayer& w = s.model.layers[layer];
  const RowPlace& place = s.rows[row];
  float* query = s.buffers.query + row * c.heads * c.head_dim;
  float* key = s.buffers.key + row * c.kv_heads * c.head_dim;
  const float* value = s.buffers.value + row * c.kv_heads * c.head_dim;
  norm_heads(s, w.query_norm, query, c.heads);
  norm_heads(s, w.key_norm, key, c.kv_heads);
  if (c.layer[layer].rope) {
    const size_t pairs = c.rotary_dim / 2;
    const size_t at = (s.rope.of_layer[layer] * s.rows.size() + row) * pairs;
    const float* cos = s.buffers.cos + at;
    const float* sin = s.buffers.sin + at;
    for (size_t h = 0; h < c.heads; ++h) s.ops.rope(query + h * c.head_dim, cos, sin, pairs);
    for (size_t h = 0; h < c.kv_heads; ++h) s.ops.rope(key + h * c.head_dim, cos, sin, pairs);
  }
  const float scale = c.attention_scale > 0.0F ? c.attention_scale
                                               : 1.0F / std::sqrt(static_cast<float>(c.head_dim));
  s.ops.scale(scale, query, size_t{c.heads} * c.head_dim);
  const BlockId block = s.pieces[place.piece].blocks[place.position / kBlockTokens];
  for (size_t h = 0; h < c.kv_heads; ++h)
    s.ops.store_kv(s.kv.layout, s.kv.at(block, layer, h), key + h * c.head_dim,
                   value + h * c.head_dim, place.position % kBlockTokens);
}

void attend_unit(Step& s, size_t layer, const AttentionUnit& unit,
                 std::vector<const std::byte*>& blocks) {
  const ModelConfig& c = s.model.config();
  const BatchPiece& piece = s.pieces[s.rows[unit.row].piece];
  const uint32_t last = s.rows[unit.row + unit.rows - 1].position;
  blocks.resize(last / kBlockTokens + 1);
  for (size_t b = 0; b < blocks.size(); ++b)
    blocks[b] = s.kv.at(piece.blocks[b], layer, unit.kv_head);
  std::array<const float*, kernels::kAttentionRows> query{};
  std::array<float*, kernels::kAttentionRows> out{};
  std::array<uint32_t, kernels::kAttentionRows> position{};
  size_t n = 0;
  for (uint32_t row = unit.row; row < unit.row + unit.rows; ++row) {
    for (uint32_t head = unit.head; head < unit.head + unit.heads; ++head, ++n) {
      const size_t at = (size_t{row} * c.heads + head) * c.head_dim;
      query[n] = s.buffers.query + at;
      out[n] = s.buffers.attended + at;
      position[n] = s.rows[row].position;
    }
  }
  s.ops.attention({.layout = s.kv.layout,
                   .blocks = blocks.data(),
                   .query = query.data(),
                   .out = out.data(),
                   .position = position.data(),
                   .rows = n,
                   .window = c.layer[layer].window,
                   .softcap = c.attention_softcap});
}

void attend(Lane& lane, Step& s, size_t layer) {
  std::vector<const std::byte*> blocks;
  while (true) {
    const uint32_t unit = s.next_unit[layer].fetch_add(1, std::memory_order_relaxed);
    if (unit >= s.units.size()) break;
    attend_unit(s, layer, s.units[unit], blocks);
  }
  lane.barrier();
}

}  // namespace

void attention_block(Lane& lane, Step& s, size_t layer) {
  const ModelConfig& c = s.model.config();
  const TransformerLayer& w = s.model.layers[layer];
  StepBuffers& b = s.buffers;
  const size_t rows = s.rows.size();

  auto input = normed_input(lane, s, {&w.attention_norm, b.hidden, b.normed, rows});
  project(lane, s, input, rows,
          std::array{Output{&w.query, b.query}, Output{&w.key, b.key}, Output{&w.value, b.value}});
  const Share share = lane.split(rows);
  for (size_t row = share.begin; row < share.end; ++row) place_row(s, layer, row);
  lane.barrier();
  attend(lane, s, layer);

  input = plain_input(lane, s, b.attended, rows, size_t{c.heads} * c.head_dim);
  const bool direct = w.attention_post_norm.weight == nullptr && w.output.bias == nullptr;
  project(lane, s, input, rows,
          std::array{Output{&w.output, direct ? b.hidden : b.branch, direct}});
  if (!direct) add_branch(lane, s, w.attention_post_norm);
}

}  // namespace mill::llm
