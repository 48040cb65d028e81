#pragma once
// The tokenizer of a GGUF (tokenizer.ggml.*) as the files of a Hugging Face folder: the way back
// from gguf_vocabulary.h. They cut and merge a text as load_gguf.cc does.

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "data/model_file.h"

namespace mill {

struct HfVocabulary {
  std::string tokenizer;      // tokenizer.json, which may be long
  nlohmann::json settings;    // tokenizer_config.json, with the chat template
  nlohmann::json generation;  // generation_config.json: the tokens that begin, end and fill
};

// A vocabulary that such files cannot say is Error{unsupported}.
Result<HfVocabulary> hf_vocabulary(const ModelFile& gguf);

}  // namespace mill
