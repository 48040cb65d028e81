#include "llm/models/reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>
#include <thread>

#include "base/assert.h"
#include "data/quants.h"

namespace mill::llm {
namespace {

// Activations of all tokens: row t is token t's vector.
struct Matrix {
  size_t rows = 0, columns = 0;
  std::vector<float> values;

  Matrix(size_t r, size_t c) : rows(r), columns(c), values(r * c) {}
  std::span<float> row(size_t r) { return {values.data() + r * columns, columns}; }
  std::span<const float> row(size_t r) const { return {values.data() + r * columns, columns}; }
};

// ---- weights
// -------------------------------------------------------------------------------------

std::vector<float> weight_row(const Tensor& tensor, size_t row) {
  const auto columns = static_cast<size_t>(tensor.shape.back());
  const size_t bytes = bytes_of(tensor.dtype, columns);
  std::vector<float> values(columns);
  dequantize(tensor.dtype, tensor.bytes.subspan(row * bytes, bytes), values);
  return values;
}

std::vector<float> vector_of(const Tensor& tensor, float offset = 0.0F) {
  std::vector<float> values = weight_row(tensor, 0);
  for (float& value : values) value += offset;
  return values;
}

// Eight running sums, so that the compiler may use its vector units; their order is fixed.
double dot(std::span<const float> a, std::span<const float> b) {
  std::array<double, 8> sums{};
  const size_t whole = a.size() / sums.size() * sums.size();
  for (size_t i = 0; i < whole; i += sums.size()) {
    for (size_t lane = 0; lane < sums.size(); ++lane)
      sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
  }
  for (size_t i = whole; i < a.size(); ++i)
    sums[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

// Runs body(i) for i in 0…count, in interleaved shares on all cores where there is enough to share.
void parallel_for(size_t count, const std::function<void(size_t)>& body) {
  const size_t cores = std::max(std::thread::hardware_concurrency(), 1U);
  const size_t workers = std::clamp<size_t>(count / 64, 1, cores);
  const auto share = [&](size_t worker) {
    for (size_t i = worker; i < count; i += workers) body(i);
  };
  std::vector<std::jthread> threads;
  for (size_t worker = 1; worker < workers; ++worker) threads.emplace_back(share, worker);
  share(0);
}

// y = x·Wᵀ + b, with W (outputs, inputs) as files store it.
Matrix linear(const Matrix& x, const Tensor& weight, const Tensor* bias = nullptr) {
  const auto outputs = static_cast<size_t>(weight.shape[0]);
  Matrix y(x.rows, outputs);
  const std::vector<float> b = bias != nullptr ? vector_of(*bias) : std::vector<float>(outputs);
  parallel_for(outputs, [&](size_t o) {
    const std::vector<float> w = weight_row(weight, o);
    for (size_t t = 0; t < x.rows; ++t)
      y.row(t)[o] = static_cast<float>(dot(x.row(t), w) + static_cast<double>(b[o]));
  });
  return y;
}

void add(Matrix& x, const Matrix& y) {
  for (size_t i = 0; i < x.values.size(); ++i) x.values[i] += y.values[i];
}

// ---- norms
// ---------------------------------------------------------------------------------------

// RMS norm (Zhang and Sennrich 2019): x / sqrt(mean(x²) + ε) · w. Layer norm subtracts the mean
// first, and adds a bias.
void norm_in_place(std::span<float> x, const ModelConfig& c, std::span<const float> weight,
                   std::span<const float> bias) {
  const auto n = static_cast<double>(x.size());
  double mean = 0.0, squares = 0.0;
  if (c.norm == Norm::layer) mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  for (const float value : x) squares += (value - mean) * (value - mean);
  const double scale = 1.0 / std::sqrt(squares / n + static_cast<double>(c.norm_epsilon));
  for (size_t i = 0; i < x.size(); ++i) {
    const double centred = (static_cast<double>(x[i]) - mean) * scale;
    const double shift = bias.empty() ? 0.0 : static_cast<double>(bias[i]);
    x[i] = static_cast<float>(centred * static_cast<double>(weight[i]) + shift);
  }
}

// Norms each group of `weight`'s length: a whole row, or each head of it.
Matrix normed(Matrix x, const ModelConfig& c, const Tensor& weight, const Tensor* bias = nullptr) {
  const std::vector<float> w = vector_of(weight, c.norm_weight_offset);
  const std::vector<float> b = bias != nullptr ? vector_of(*bias) : std::vector<float>();
  const std::span<float> all = x.values;
  for (size_t at = 0; at < all.size(); at += w.size())
    norm_in_place(all.subspan(at, w.size()), c, w, b);
  return x;
}

// ---- attention
// -----------------------------------------------------------------------------------

// RoFormer: pair i of each head turns by the angle position / scale · base^(−2i/d) / factor_i.
void rotate_head(std::span<float> head, size_t position, const ModelConfig& c,
                 const LayerConfig& layer) {
  const size_t pairs = c.rotary_dim / 2;
  for (size_t i = 0; i < pairs; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / c.rotary_dim;
    const double factor = c.rope_factors.empty() ? 1.0 : static_cast<double>(c.rope_factors[i]);
    const double frequency = std::pow(static_cast<double>(layer.rope_base), exponent) / factor;
    const double angle =
        static_cast<double>(position) / static_cast<double>(layer.rope_scale) * frequency;
    const double cosine = std::cos(angle) * static_cast<double>(c.rope_attention_scale);
    const double sine = std::sin(angle) * static_cast<double>(c.rope_attention_scale);
    const bool adjacent = c.rope_pairs == RopePairs::adjacent;
    float& first = head[adjacent ? 2 * i : i];
    float& second = head[adjacent ? 2 * i + 1 : i + pairs];
    const auto x = static_cast<double>(first), y = static_cast<double>(second);
    first = static_cast<float>(x * cosine - y * sine);
    second = static_cast<float>(x * sine + y * cosine);
  }
}

void rotate(Matrix& x, const ModelConfig& c, const LayerConfig& layer) {
  if (!layer.rope) return;
  parallel_for(x.rows, [&](size_t t) {
    for (size_t at = 0; at < x.columns; at += c.head_dim)
      rotate_head(x.row(t).subspan(at, c.head_dim), t, c, layer);
  });
}

double softcap(double value, float cap) {
  const auto limit = static_cast<double>(cap);
  return cap > 0.0F ? limit * std::tanh(value / limit) : value;
}

void softmax(std::span<double> scores) {
  const double top = *std::ranges::max_element(scores);
  double sum = 0.0;
  for (double& score : scores) sum += score = std::exp(score - top);
  for (double& score : scores) score /= sum;
}

// One layer's attention over all tokens: (tokens, heads·head_dim), (tokens, kv_heads·head_dim)².
struct Attention {
  const ModelConfig& config;
  const LayerConfig& layer;
  Matrix query, key, value;
};

// softmax(q·kᵀ/√d)·v for one head of token t, over the positions that it sees.
void attend(const Attention& a, size_t t, size_t head, std::span<float> out) {
  const ModelConfig& c = a.config;
  const size_t d = c.head_dim, kv_at = head / (c.heads / c.kv_heads) * d;
  const size_t from = a.layer.window > 0 && t + 1 > a.layer.window ? t + 1 - a.layer.window : 0;
  const double scale = c.attention_scale > 0.0F ? static_cast<double>(c.attention_scale)
                                                : 1.0 / std::sqrt(static_cast<double>(d));
  std::vector<double> scores(t + 1 - from);
  for (size_t s = from; s <= t; ++s) {
    const double product = dot(a.query.row(t).subspan(head * d, d), a.key.row(s).subspan(kv_at, d));
    scores[s - from] = softcap(product * scale, c.attention_softcap);
  }
  softmax(scores);
  std::vector<double> sum(d);
  for (size_t s = from; s <= t; ++s) {
    const std::span<const float> value = a.value.row(s).subspan(kv_at, d);
    for (size_t i = 0; i < d; ++i) sum[i] += scores[s - from] * static_cast<double>(value[i]);
  }
  std::ranges::transform(sum, out.begin(), [](double v) { return static_cast<float>(v); });
}

Matrix attention(const Matrix& x, const ModelConfig& c, const LayerConfig& layer,
                 const LayerWeights& w) {
  Attention a{c, layer, linear(x, *w.query, w.query_bias), linear(x, *w.key, w.key_bias),
              linear(x, *w.value, w.value_bias)};
  if (c.qk_norm) {
    a.query = normed(std::move(a.query), c, *w.query_norm);
    a.key = normed(std::move(a.key), c, *w.key_norm);
  }
  rotate(a.query, c, layer);
  rotate(a.key, c, layer);
  Matrix heads(x.rows, size_t{c.heads} * c.head_dim);
  parallel_for(x.rows, [&](size_t t) {
    for (size_t head = 0; head < c.heads; ++head)
      attend(a, t, head, heads.row(t).subspan(head * c.head_dim, c.head_dim));
  });
  return linear(heads, *w.output, w.output_bias);
}

// ---- MLP
// -----------------------------------------------------------------------------------------

double activate(double x, Activation activation) {
  switch (activation) {
    case Activation::silu:
      return x / (1.0 + std::exp(-x));
    case Activation::relu_squared:
      return x > 0.0 ? x * x : 0.0;
    case Activation::gelu_tanh: {
      const double inner = std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x);
      return 0.5 * x * (1.0 + std::tanh(inner));
    }
  }
  return x;
}

// act(gate)·up (Shazeer 2020, GLU Variants), or act(up) where there is no gate.
Matrix activated(const Matrix* gate, Matrix up, Activation activation) {
  for (size_t i = 0; i < up.values.size(); ++i) {
    const auto value = static_cast<double>(up.values[i]);
    const double out = gate == nullptr
                           ? activate(value, activation)
                           : activate(static_cast<double>(gate->values[i]), activation) * value;
    up.values[i] = static_cast<float>(out);
  }
  return up;
}

Matrix dense_mlp(const Matrix& x, const ModelConfig& c, const LayerWeights& w) {
  Matrix up = linear(x, *w.up, w.up_bias);
  if (!c.gated)
    return linear(activated(nullptr, std::move(up), c.activation), *w.down, w.down_bias);
  const Matrix gate = linear(x, *w.gate, w.gate_bias);
  return linear(activated(&gate, std::move(up), c.activation), *w.down, w.down_bias);
}

// The weight of each expert for one token: softmax over the best few scores, 0 for the others. Of
// equal scores, the expert that comes first is better.
std::vector<double> expert_weights(std::span<const float> scores, size_t used) {
  std::vector<size_t> best;
  for (size_t n = 0; n < used; ++n) {
    size_t next = scores.size();
    for (size_t e = 0; e < scores.size(); ++e) {
      const bool taken = std::ranges::find(best, e) != best.end();
      if (!taken && (next == scores.size() || scores[e] > scores[next])) next = e;
    }
    best.push_back(next);
  }
  std::vector<double> shares(used), weights(scores.size());
  for (size_t i = 0; i < used; ++i) shares[i] = static_cast<double>(scores[best[i]]);
  softmax(shares);
  for (size_t i = 0; i < used; ++i) weights[best[i]] = shares[i];
  return weights;
}

// Every expert runs on every token, and most answers are weighted by 0.
Matrix mixture_of_experts(const Matrix& x, const ModelConfig& c, const LayerWeights& w) {
  const Matrix scores = linear(x, *w.router);
  Matrix sum(x.rows, x.columns);
  for (size_t e = 0; e < c.experts; ++e) {
    const Matrix gate = linear(x, *w.expert_gate[e]);
    const Matrix hidden = activated(&gate, linear(x, *w.expert_up[e]), c.activation);
    const Matrix out = linear(hidden, *w.expert_down[e]);
    for (size_t t = 0; t < x.rows; ++t) {
      const double share = expert_weights(scores.row(t), c.experts_used)[e];
      if (share == 0.0) continue;
      for (size_t i = 0; i < x.columns; ++i)
        sum.row(t)[i] += static_cast<float>(share * static_cast<double>(out.row(t)[i]));
    }
  }
  return sum;
}

// ---- the transformer
// -----------------------------------------------------------------------------

void transformer_layer(Matrix& x, const ModelConfig& c, const LayerConfig& layer,
                       const LayerWeights& w) {
  Matrix attended = attention(normed(x, c, *w.attention_norm, w.attention_norm_bias), c, layer, w);
  if (c.post_norms) attended = normed(std::move(attended), c, *w.attention_post_norm);
  add(x, attended);
  const Matrix input = normed(x, c, *w.mlp_norm, w.mlp_norm_bias);
  Matrix output = c.experts > 0 ? mixture_of_experts(input, c, w) : dense_mlp(input, c, w);
  if (c.post_norms) output = normed(std::move(output), c, *w.mlp_post_norm);
  add(x, output);
}

Matrix embed(const ModelDescription& model, std::span<const TokenId> tokens) {
  Matrix x(tokens.size(), model.config.width);
  for (size_t t = 0; t < tokens.size(); ++t) {
    ASSERT(tokens[t] >= 0 && static_cast<uint32_t>(tokens[t]) < model.config.vocab, tokens[t]);
    const auto row = weight_row(*model.weights.embedding, static_cast<size_t>(tokens[t]));
    std::ranges::transform(row, x.row(t).begin(),
                           [&](float v) { return v * model.config.embedding_scale; });
  }
  return x;
}

Matrix last_rows(const Matrix& x, size_t rows) {
  Matrix last(std::min(rows, x.rows), x.columns);
  std::copy_n(x.values.end() - static_cast<ptrdiff_t>(last.values.size()), last.values.size(),
              last.values.begin());
  return last;
}

}  // namespace

std::vector<float> reference_logits(const ModelDescription& model, std::span<const TokenId> tokens,
                                    size_t rows) {
  const ModelConfig& c = model.config;
  const Weights& w = model.weights;
  Matrix x = embed(model, tokens);
  for (size_t n = 0; n < c.layers; ++n) transformer_layer(x, c, c.layer[n], w.layer[n]);
  x = normed(last_rows(x, rows), c, *w.final_norm, w.final_norm_bias);
  Matrix logits = linear(x, *w.head, w.head_bias);
  for (float& logit : logits.values)
    logit = static_cast<float>(softcap(static_cast<double>(logit), c.logit_softcap));
  return std::move(logits.values);
}

}  // namespace mill::llm
