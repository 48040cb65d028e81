#pragma once
// A described model's hyperparameters as GGUF metadata: the way back from ModelConfig to the keys
// that llama.cpp's converter writes, so that reading them gives the same ModelConfig again.

#include <string_view>

#include "base/error.h"
#include "data/gguf_writer.h"
#include "llm/models/rope.h"
#include "llm/models/weights.h"

namespace mill::llm {

// general.architecture of the model's family.
std::string_view gguf_architecture(const ModelConfig&);

// How the file stretches rotation (in Gemma 3's global layers).
Result<RopeScaling> scaling_rule(const ModelDescription&);

// Of a model from a Hugging Face folder. What a GGUF has no key for is Error{unsupported}.
Result<void> put_metadata(const ModelDescription&, GgufWriter&);

}  // namespace mill::llm
