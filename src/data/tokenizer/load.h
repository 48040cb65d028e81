#pragma once
// The three ways a vocabulary is published. `config` is a Hugging Face folder's config.json (or
// null): it names the tokens that begin and end.

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "base/error.h"
#include "data/model_file.h"
#include "data/tokenizer/tokenizer.h"

namespace mill::tok {

using Loaded = Result<std::shared_ptr<Tokenizer::Impl>>;

Loaded load_gguf(const ModelFile&);
Loaded load_json(const std::filesystem::path& tokenizer_json, const nlohmann::json& config);
Loaded load_sentencepiece(const std::filesystem::path& tokenizer_model,
                          const nlohmann::json& config);

// The same from memory, without the files that may lie beside them.
Loaded parse_tokenizer_json(std::string_view text);
Loaded parse_sentencepiece(std::span<const std::byte> bytes);

// tokenizer_config.json, then config.json (with generation_config.json merged in): bos, eos, and
// whether BOS goes in front where the tokenizer file itself has no template.
Result<void> apply_configs(Tokenizer::Impl&, const std::filesystem::path& folder,
                           const nlohmann::json& config);

}  // namespace mill::tok
