#pragma once
// Rotary position embeddings (Su et al. 2021, RoFormer) and the ways they are stretched beyond the
// context that a model was first trained on. Frequency i of a head turns by position · f_i with
//     f_i = base^(−2i/rotary_dim) / factor_i.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "llm/models/config.h"
#include "llm/models/hyperparameters.h"

namespace mill::llm {

// The rule by which a model was stretched, as files state it.
struct RopeScaling {
  std::string type = "default";  // or none, linear, llama3, yarn
  double factor = 1.0;
  double original_context = 0;                       // llama3, yarn
  double low_frequency = 1.0, high_frequency = 4.0;  // llama3
  double beta_fast = 32.0, beta_slow = 1.0;          // yarn
  double attention_scale = 0.0;                      // yarn; 0 = the paper's
};

// YaRN's own scale of cos and sin (Peng et al. 2023, section 3.4): 0.1·weight·ln(factor) + 1.
double yarn_attention_scale(double factor, double weight = 1.0);

// Llama 3.1's factors (rotary_dim/2): long waves (over original/low_frequency) are slowed by the
// whole factor, short ones (under original/high_frequency) not at all, and those between in
// proportion. A GGUF file carries them as the tensor rope_freqs.weight.
std::vector<float> llama3_factors(const RopeScaling&, double base, uint32_t rotary_dim);

struct RopeSettings {
  float base = 10000.0F;
  float scale = 1.0F;            // linear scaling: positions are divided by it
  std::vector<float> factors;    // (rotary_dim/2), empty = all 1
  float attention_scale = 1.0F;  // multiplies cos and sin (YaRN)
  RopeScaling rule;              // from which the three above follow
};

struct RopeDefaults {
  float base = 10000.0F;
  std::string_view layer_type = "full_attention";  // which entry, where the file has one per type
  std::string_view base_key = "rope_theta";        // config.json's older name of the base
  std::string_view scaling_key = "rope_scaling";   // and of the scaling; "" = none
};

// Needs config.rotary_dim and config.context.
Result<RopeSettings> read_rope(const Hyperparameters&, const ModelConfig&, RopeDefaults = {});

// Leading dimensions of a head that rotate: rope.dimension_count, or partial_rotary_factor's share.
Result<uint32_t> read_rotary_dim(const Hyperparameters&, uint32_t head_dim, float default_part);

// The same rotation in every layer.
void apply_rope(const RopeSettings&, ModelConfig&);

}  // namespace mill::llm
