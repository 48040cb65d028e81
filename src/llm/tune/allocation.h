#pragma once
// Which of its offers each item takes, so that the sum of the damage is least within a budget of
// bytes: the multiple-choice knapsack problem, solved exactly by dynamic programming over the bytes
// (Kellerer, Pferschy, Pisinger, Knapsack Problems, 2004, section 11.5). That the damages of a
// model's matrices add up is the linearity theorem of HIGGS (Malinovskii et al., 2024, arXiv
// 2411.17525), which allocates bits in the same way.
//
// The Lagrangian relaxation (Shoham and Gersho, 1988) walks the convex hulls of the offers and is
// faster, but leaves a gap where items are large: SmolLM2's embedding is a fifth of its weights.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mill::llm {

struct Offer {
  uint64_t bytes = 0;
  double damage = 0;
};

// For each item the index of the offer that it takes; nothing where even the smallest ones exceed
// the budget. Bytes are counted in their greatest common divisor, or, where the budget is more than
// 65536 of these, in 65536ths of it, rounded up.
std::optional<std::vector<size_t>> allocate(std::span<const std::vector<Offer>> items,
                                            uint64_t budget);

}  // namespace mill::llm
