#pragma once
// The slow and obvious forward pass: what a model of any family computes, as its paper says it.
// Weights are read as float32, dot products are summed in double; no cache, no batching, no tricks.
// The fast engine is tested against it, and quality is measured from it.

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "data/tokenizer/tokenizer.h"
#include "llm/models/weights.h"

namespace mill::llm {

// (rows, vocab): the next-token logits after each of the last `rows` tokens (all by default). The
// tokens must be within the vocabulary.
std::vector<float> reference_logits(const ModelDescription&, std::span<const TokenId> tokens,
                                    size_t rows = std::numeric_limits<size_t>::max());

}  // namespace mill::llm
