#pragma once
// The operations of a decoder that have gradients of their own here: what LibTorch's general ones
// would keep for the way back (scores of attention, logits) is most of a training's memory, and
// much of its time. `rows` are the tokens of a batch, of all its documents one after another.
// Every gradient is tested against LibTorch's own differentiation of the formula beside it.

#include <cstdint>
#include <vector>

#include "learn/torch.h"

namespace mill::learn {

// x / sqrt(mean(x²) + ε) · w over the last dimension (Zhang and Sennrich 2019).
Tensor rms_norm(const Tensor& x, const Tensor& weight, double epsilon);

// silu(gate) · up (Shazeer, GLU Variants Improve Transformer, 2020).
Tensor swiglu(const Tensor& gate, const Tensor& up);

// RoFormer on x (rows, heads, dim): pairs (i, i + dim/2) turn by the angles whose cosines and sines
// are given, (rows, 1, dim/2).
struct Rotation {
  Tensor cos, sin;
};
Tensor rotate(const Tensor& x, const Rotation&);

// softmax(q·kᵀ/√dim)·v, a token looking at itself and at what is before it in its own document.
//   query (rows, heads, dim); key, value (rows, kv_heads, dim) -> (rows, heads·dim)
//   documents: where each begins, and the end of the last: {0, 7, 19} = 7 tokens and 12
// Scores are computed again on the way back: nothing of (rows, rows) is kept.
struct Attended {
  Tensor query, key, value;
};
Tensor attention(const Attended&, const std::vector<int64_t>& documents);

// Σ −log softmax(x·Wᵀ)[target], in float32; x (rows, width), W (vocab, width), targets (rows).
// The gradients are computed on the way forth, a few rows at a time: logits are never whole.
Tensor cross_entropy_sum(const Tensor& x, const Tensor& head, const Tensor& targets);

}  // namespace mill::learn
