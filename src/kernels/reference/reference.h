#pragma once
// What each op means, in double precision and without a trick: the yardstick of the tests.

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace mill::kernels::reference {

// Σ_k w[k]·x[k]
inline double dot(std::span<const float> w, std::span<const float> x) {
  double sum = 0;
  for (size_t k = 0; k < w.size(); ++k) sum += static_cast<double>(w[k]) * x[k];
  return sum;
}

inline std::vector<double> rms_norm(std::span<const float> x, std::span<const float> weight,
                                    double epsilon) {
  double squares = 0;
  for (float v : x) squares += static_cast<double>(v) * v;
  const double inverse = 1 / std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
  std::vector<double> out;
  for (size_t i = 0; i < x.size(); ++i) out.push_back(x[i] * inverse * weight[i]);
  return out;
}

inline std::vector<double> layer_norm(std::span<const float> x, std::span<const float> weight,
                                      std::span<const float> bias, double epsilon) {
  double mean = 0;
  for (float v : x) mean += v / static_cast<double>(x.size());
  double variance = 0;
  for (float v : x) variance += (v - mean) * (v - mean) / static_cast<double>(x.size());
  std::vector<double> out;
  for (size_t i = 0; i < x.size(); ++i)
    out.push_back((x[i] - mean) / std::sqrt(variance + epsilon) * weight[i] + bias[i]);
  return out;
}

inline double silu(double x) { return x / (1 + std::exp(-x)); }
inline double gelu_tanh(double x) {
  return 0.5 * x *
         (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}

inline std::vector<double> softmax(std::span<const float> x) {
  double top = x[0];
  for (float v : x) top = std::fmax(top, v);
  double sum = 0;
  for (float v : x) sum += std::exp(v - top);
  std::vector<double> out;
  for (float v : x) out.push_back(std::exp(v - top) / sum);
  return out;
}

// One query over keys and values (positions × dim), looking at [first, last].
struct AttentionCase {
  std::span<const float> query, keys, values;
  size_t dim = 0, first = 0, last = 0;
  double softcap = 0;
};
inline std::vector<double> attention(const AttentionCase& c) {
  std::vector<float> scores;
  for (size_t p = c.first; p <= c.last; ++p) {
    double s = dot(c.query, c.keys.subspan(p * c.dim, c.dim));
    if (c.softcap > 0) s = c.softcap * std::tanh(s / c.softcap);
    scores.push_back(static_cast<float>(s));
  }
  const std::vector<double> weights = softmax(scores);
  std::vector<double> out(c.dim, 0.0);
  for (size_t p = c.first; p <= c.last; ++p) {
    for (size_t d = 0; d < c.dim; ++d) out[d] += weights[p - c.first] * c.values[p * c.dim + d];
  }
  return out;
}

}  // namespace mill::kernels::reference
