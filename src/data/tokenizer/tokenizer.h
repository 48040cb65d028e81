#pragma once
// Text to tokens and back, token for token as the model was trained.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/model_file.h"

namespace mill {

using TokenId = int32_t;

struct EncodeOptions {
  bool add_special = true;    // BOS/EOS, where the model's own settings ask for them
  bool parse_special = true;  // "<|im_start|>" in the text becomes the control token
};

class Tokenizer {
 public:
  // From a GGUF's metadata or a Hugging Face folder's tokenizer.json.
  static Result<Tokenizer> open(const ModelFile&);
  static Result<Tokenizer> from_json(const std::filesystem::path& tokenizer_json);
  static Result<Tokenizer> from_sentencepiece(const std::filesystem::path& tokenizer_model);

  std::vector<TokenId> encode(std::string_view text, EncodeOptions = {}) const;
  // Raw bytes of the whole sequence; may end in the middle of a character.
  std::string decode(std::span<const TokenId>, bool skip_special = true) const;
  // Raw bytes that one token adds in the middle of a text ("" for control tokens if skip_special).
  std::string piece(TokenId, bool skip_special = true) const;

  size_t vocab_size() const;
  TokenId bos() const;                  // -1 where the model has none
  TokenId eos() const;                  // -1 where the model has none
  bool ends_generation(TokenId) const;  // eos, end-of-turn, end-of-message
  bool is_special(TokenId) const;
  TokenId token_named(std::string_view text) const;  // exact vocabulary entry, -1 if absent

  struct Impl;

 private:
  std::shared_ptr<const Impl> impl_;
};

// Feeds bytes, gives back whole UTF-8 characters; never splits one (invalid bytes become U+FFFD).
class Utf8Stream {
 public:
  std::string feed(std::string_view bytes);  // what is complete so far
  std::string finish();                      // what remains, replaced if broken

 private:
  std::string pending_;
};

}  // namespace mill
