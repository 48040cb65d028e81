#pragma once
// A described model's hyperparameters as config.json: the way back from ModelConfig to the keys
// that Hugging Face transformers reads. In the words of transformers 4 (rope_theta, rope_scaling,
// torch_dtype), which 5 reads as well.

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "llm/models/weights.h"

namespace mill::llm {

// Of a model from a GGUF. Read again, it gives the same ModelConfig (up to what differs between the
// formats: the order of rotated rows, the offset of norms); a model of which this is not so,
// because config.json has no key to say it, is Error{unsupported}.
Result<nlohmann::json> hf_config(const ModelDescription&);

// What the family's folders hold of a norm's weight w: 1 where it is w−1.
float hf_norm_offset(const ModelConfig&);

}  // namespace mill::llm
