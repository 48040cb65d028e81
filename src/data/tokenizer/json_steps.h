#pragma once
// The sections of tokenizer.json that are small programs: normalizer, pre_tokenizer, decoder and
// post_processor, each a "type" with parameters or a Sequence of them.

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/error.h"
#include "data/tokenizer/decoder.h"
#include "data/tokenizer/impl.h"
#include "data/tokenizer/pre_tokenizer.h"
#include "data/tokenizer/text_edit.h"

namespace mill::tok {

Result<std::vector<TextEdit>> read_normalizer(const nlohmann::json&);
Result<PreTokenizer> read_pre_tokenizer(const nlohmann::json&);
Result<Decoder> read_decoder(const nlohmann::json&);

struct Template {
  bool present = false;
  std::vector<TokenId> prefix;
  std::vector<TokenId> suffix;
};
Result<Template> read_post_processor(const nlohmann::json&);

// Typed looks into foreign JSON: the default where absent or null, an Error naming the key where
// the type is another.
Result<bool> flag_of(const nlohmann::json& object, const char* key, bool absent);
std::optional<TokenId> id_of(const nlohmann::json& value);  // a number from 0 to 2147483647
Result<std::string> text_of(const nlohmann::json& object, const char* key, std::string absent);

}  // namespace mill::tok
