#include "llm/transformer/forward.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"
#include "base/half.h"
#include "data/quants.h"

namespace mill::llm {
namespace {

using kernels::Activations;

// The angles of every row's position: frequency base^(−2i/d), divided by the model's factors.
// Su et al., RoFormer, 2021, equation 34.
void rotations(Lane& lane, Step& s) {
  const ModelConfig& c = s.model.config();
  const size_t pairs = c.rotary_dim / 2;
  const Share share = lane.split(s.rows.size());
  for (size_t variant = 0; variant < s.rope.variants.size(); ++variant) {
    const LayerConfig& rope = s.rope.variants[variant];
    for (size_t i = 0; i < pairs; ++i) {
      double frequency = std::pow(static_cast<double>(rope.rope_base),
                                  -2.0 * static_cast<double>(i) / c.rotary_dim);
      if (!c.rope_factors.empty()) frequency /= static_cast<double>(c.rope_factors[i]);
      for (size_t row = share.begin; row < share.end; ++row) {
        const double angle =
            s.rows[row].position / static_cast<double>(rope.rope_scale) * frequency;
        const size_t at = (variant * s.rows.size() + row) * pairs + i;
        s.buffers.cos[at] = static_cast<float>(std::cos(angle)) * c.rope_attention_scale;
        s.buffers.sin[at] = static_cast<float>(std::sin(angle)) * c.rope_attention_scale;
      }
    }
  }
}

void embed(Lane& lane, Step& s) {
  const ModelConfig& c = s.model.config();
  const Tensor& table = *s.model.description->weights.embedding;
  const size_t row_bytes = bytes_of(table.dtype, c.width);
  const Share share = lane.split(s.rows.size());
  for (size_t row = share.begin; row < share.end; ++row) {
    float* x = s.buffers.hidden + row * c.width;
    if (s.tap != nullptr && s.tap->hidden != nullptr) {
      std::copy_n(s.tap->hidden + row * c.width, c.width, x);
      continue;
    }
    const auto token = static_cast<size_t>(s.rows[row].token);
    dequantize(table.dtype, table.bytes.subspan(token * row_bytes, row_bytes), {x, c.width});
    if (c.embedding_scale != 1.0F) s.ops.scale(c.embedding_scale, x, c.width);
  }
  rotations(lane, s);
  lane.barrier();
}

Activations input_view(const Step& s, const float* x, size_t cols) {
  Activations input = s.buffers.input;
  input.values = x;
  input.cols = cols;
  // Float weights of an odd width need no quantised rows, and have none.
  if (!s.model.has_quants || cols % kernels::kBlock != 0) input.quants = nullptr;
  if (!s.model.has_bf16) input.halves = nullptr;
  return input;
}

// Adds the bias of `panels` of a projection to every row.
void add_bias(const Step& s, const Output& o, size_t rows, kernels::Range panels) {
  const size_t outputs = o.projection->matrix.rows;
  const size_t begin = panels.begin * kernels::kPanelRows;
  const size_t end = std::min(panels.end * kernels::kPanelRows, outputs);
  for (size_t row = 0; row < rows && begin < end; ++row)
    s.ops.add(o.projection->bias + begin, o.out + row * outputs + begin, end - begin);
}

// What one row's rounding to the head's kind of input lost.
void rest_of(const Activations& input, DType weights, size_t row, float* rest) {
  const Activations x = skip_rows(input, row);
  for (size_t i = 0; i < x.cols; ++i) {
    const float kept = weights == DType::BF16
                           ? bf16_to_f32(x.halves[i])
                           : x.scale[i / kernels::kBlock] * static_cast<float>(x.quants[i]);
    rest[i] = x.values[i] - kept;
  }
}

// What quantisation lost of the head's input, quantised in its turn: x = scale·q + rest. The head's
// error goes straight into the probabilities, and it is one matrix for the few rows that are
// wanted, so it gets both terms, twice the bits of activations. They are rows of one product,
// the rests behind the others, so that weights are read and unpacked once for both.
void quantize_rest(Lane& lane, Step& s, const Activations& input, size_t rows) {
  const Share share = lane.split(rows);
  for (size_t row = share.begin; row < share.end; ++row)
    rest_of(input, s.model.head.matrix.dtype, row, s.buffers.rest_values + row * input.cols);
  Activations rest = skip_rows(input, rows);
  rest.values = s.buffers.rest_values;
  s.ops.quantize(rest, {share.begin, share.end});
  lane.barrier();
}

// A few panels of a matrix as a matrix.
kernels::PackedMatrix some_panels(const kernels::PackedMatrix& all, kernels::Range panels) {
  kernels::PackedMatrix some = all;
  some.panels += panels.begin * all.panel_bytes;
  some.rows =
      std::min(panels.end * kernels::kPanelRows, all.rows) - panels.begin * kernels::kPanelRows;
  return some;
}

// logits = head · input + head · rest; a few panels at a time, so that the sums stay in the cache.
void multiply_refined(Lane& lane, Step& s, const Activations& input, size_t rows) {
  const kernels::PackedMatrix& head = s.model.head.matrix;
  quantize_rest(lane, s, input, rows);
  constexpr size_t kPanelsTogether = 8;
  std::vector<float> sums(2 * rows * kPanelsTogether * kernels::kPanelRows);
  const Share share = lane.split(head.panel_count());
  for (size_t at = share.begin; at < share.end; at += kPanelsTogether) {
    const auto some = some_panels(head, {at, std::min(at + kPanelsTogether, share.end)});
    s.ops.matmul({&some, &input, 2 * rows, sums.data(), some.rows, false}, {0, some.panel_count()});
    for (size_t row = 0; row < rows; ++row) {
      float* const out = s.logits.data() + row * head.rows + at * kernels::kPanelRows;
      std::copy_n(sums.data() + row * some.rows, some.rows, out);
      s.ops.add(sums.data() + (rows + row) * some.rows, out, some.rows);
    }
  }
}

void show_hidden(Lane& lane, const Step& s, size_t layer) {
  if (s.tap != nullptr && s.tap->before_layer) s.tap->before_layer(lane, layer);
}

void show_input(Lane& lane, const Step& s, const Projection& projection, const Activations& input,
                size_t rows) {
  if (s.tap != nullptr && s.tap->before_product)
    s.tap->before_product(lane, projection, input, rows);
}

void multiply_head(Lane& lane, Step& s, const Activations& input, size_t rows) {
  show_input(lane, s, s.model.head, input, rows);
  const kernels::PackedMatrix& head = s.model.head.matrix;
  const Share share = lane.split(head.panel_count());
  const kernels::Range panels{share.begin, share.end};
  if (head.dtype != DType::F32 && head.dtype != DType::F16)
    multiply_refined(lane, s, input, rows);
  else
    s.ops.matmul({&head, &input, rows, s.logits.data(), head.rows, false}, panels);
  if (s.model.head.bias != nullptr)
    add_bias(s, {&s.model.head, s.logits.data(), false}, rows, panels);
  lane.barrier();
}

void logits(Lane& lane, Step& s) {
  const ModelConfig& c = s.model.config();
  const size_t rows = s.logit_rows.size();
  if (rows == 0) return;
  const Share share = lane.split(rows);
  for (size_t i = share.begin; i < share.end; ++i) {
    const float* x = s.buffers.hidden + s.logit_rows[i] * size_t{c.width};
    std::copy(x, x + c.width, s.buffers.branch + i * c.width);
  }
  const Activations input =
      normed_input(lane, s, {&s.model.final_norm, s.buffers.branch, s.buffers.normed, rows});
  multiply_head(lane, s, input, rows);
  if (c.logit_softcap <= 0.0F) return;
  const Share part = lane.split(rows * c.vocab);
  for (size_t i = part.begin; i < part.end; ++i)
    s.logits[i] = c.logit_softcap * std::tanh(s.logits[i] / c.logit_softcap);
}

// Tokens that share a unit are such that tokens · heads ≤ kAttentionRows.
void add_units(Step& s, uint32_t first_row, uint32_t count) {
  const ModelConfig& c = s.model.config();
  const uint32_t group = c.heads / c.kv_heads;
  const uint32_t heads = std::min<uint32_t>(group, kernels::kAttentionRows);
  const uint32_t tokens = std::max<uint32_t>(1, kernels::kAttentionRows / heads);
  for (uint32_t kv_head = 0; kv_head < c.kv_heads; ++kv_head) {
    for (uint32_t head = 0; head < group; head += heads) {
      for (uint32_t t = 0; t < count; t += tokens)
        s.units.push_back({first_row + t, std::min(tokens, count - t), kv_head,
                           kv_head * group + head, std::min(heads, group - head)});
    }
  }
}

}  // namespace

void prepare(Step& s) {
  for (uint32_t p = 0; p < s.pieces.size(); ++p) {
    const BatchPiece& piece = s.pieces[p];
    const auto first = static_cast<uint32_t>(s.rows.size());
    const auto count = static_cast<uint32_t>(piece.tokens.size());
    ASSERT(piece.blocks.size() * kBlockTokens >= piece.position + count, piece.blocks.size(),
           piece.position, count);
    for (uint32_t i = 0; i < count; ++i) s.rows.push_back({piece.tokens[i], piece.position + i, p});
    for (uint32_t i = count - piece.logits; i < count; ++i) s.logit_rows.push_back(first + i);
    add_units(s, first, count);
  }
  ASSERT(s.logits.size() == s.logit_rows.size() * s.model.config().vocab, s.logits.size());
  s.next_unit = std::vector<std::atomic<uint32_t>>(s.model.layers.size());
}

void forward(Lane& lane, Step& s) {
  embed(lane, s);
  const size_t layers = s.model.layers.size();
  for (size_t layer = s.tap != nullptr ? s.tap->first_layer : 0; layer < layers; ++layer) {
    show_hidden(lane, s, layer);
    attention_block(lane, s, layer);
    mlp_block(lane, s, layer);
  }
  show_hidden(lane, s, layers);
  logits(lane, s);
}

Activations normed_input(Lane& lane, Step& s, const NormedInput& n) {
  const size_t cols = n.norm->cols;
  const auto norm = s.model.config().norm == Norm::rms ? s.ops.rms_norm : s.ops.layer_norm;
  const Share share = lane.split(n.rows);
  for (size_t row = share.begin; row < share.end; ++row)
    norm(*n.norm, n.x + row * cols, n.out + row * cols);
  const Activations input = input_view(s, n.out, cols);
  s.ops.quantize(input, {share.begin, share.end});
  lane.barrier();
  return input;
}

Activations plain_input(Lane& lane, Step& s, const float* x, size_t rows, size_t cols) {
  const Activations input = input_view(s, x, cols);
  const Share share = lane.split(rows);
  s.ops.quantize(input, {share.begin, share.end});
  lane.barrier();
  return input;
}

void project(Lane& lane, Step& s, const Activations& input, size_t rows,
             std::span<const Output> outputs) {
  size_t total = 0;
  for (const Output& o : outputs) total += o.projection->matrix.panel_count();
  const Share share = lane.split(total);
  size_t first = 0;
  for (const Output& o : outputs) {
    show_input(lane, s, *o.projection, input, rows);
    const size_t count = o.projection->matrix.panel_count();
    const kernels::Range panels{std::clamp(share.begin, first, first + count) - first,
                                std::clamp(share.end, first, first + count) - first};
    const size_t stride = o.projection->matrix.rows;
    s.ops.matmul({&o.projection->matrix, &input, rows, o.out, stride, o.add}, panels);
    if (o.projection->bias != nullptr) add_bias(s, o, rows, panels);
    first += count;
  }
  lane.barrier();
}

void add_branch(Lane& lane, Step& s, const kernels::NormArgs& post_norm) {
  const size_t width = s.model.config().width;
  const Share share = lane.split(s.rows.size());
  for (size_t row = share.begin; row < share.end; ++row) {
    const float* branch = s.buffers.branch + row * width;
    if (post_norm.weight != nullptr) {
      s.ops.rms_norm(post_norm, branch, s.buffers.normed + row * width);
      branch = s.buffers.normed + row * width;
    }
    s.ops.add(branch, s.buffers.hidden + row * width, width);
  }
  lane.barrier();
}

}  // namespace mill::llm
