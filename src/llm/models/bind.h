#pragma once
// Finds each weight of a described transformer in its file, by the names that both formats give to
// its roles, and checks every shape.

#include <string>
#include <vector>

#include "base/error.h"
#include "data/model_file.h"
#include "llm/models/config.h"
#include "llm/models/weights.h"

namespace mill::llm {

// The token embedding matrix, under any of its names; null where there is none. In multimodal
// models the language model, and with it every name, is one level down.
const Tensor* find_embedding(const ModelFile&);

// May find that the output head is the embedding matrix, which it then notes in the config.
Result<Weights> bind_weights(const ModelFile&, ModelConfig&);

// Every weight by the name it has in a GGUF, in the order of the transformer. Several parts are the
// experts of one stack.
struct GgufWeight {
  std::string name;
  std::vector<const Tensor*> parts;
};
std::vector<GgufWeight> gguf_weights(const Weights&, const ModelConfig&);

// The same by the names that they have in a Hugging Face folder, each expert's for itself.
struct HfWeight {
  std::string name;
  const Tensor* tensor = nullptr;
};
std::vector<HfWeight> hugging_face_weights(const Weights&, const ModelConfig&);

}  // namespace mill::llm
