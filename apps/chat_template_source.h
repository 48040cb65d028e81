#pragma once
// Where a model's makers have put the Jinja that turns its conversations into prompts.

#include <string>

#include "data/model_file.h"

namespace mill::apps {

// GGUF: tokenizer.chat_template. Hugging Face: chat_template.jinja, or chat_template in
// tokenizer_config.json, which may be a list of named ones. No template: Error{unsupported}.
Result<std::string> chat_template_source(const ModelFile&);

}  // namespace mill::apps
