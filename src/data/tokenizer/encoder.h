#pragma once
// One call of encode(): its scratch space and its output.

#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizer/impl.h"
#include "data/tokenizer/word_cache.h"

namespace mill::tok {

class Encoder {
 public:
  Encoder(const Tokenizer::Impl&, size_t text_bytes, bool parse_special);
  void encode(std::string_view text);  // valid UTF-8
  std::vector<TokenId> out;

 private:
  void encode_raw(std::string_view segment, bool at_start);
  void encode_normalized(std::string_view segment, bool at_start);
  void encode_word(std::string_view word);
  void merge(std::string_view word);

  template <class OnText>
  void cut_out(const AddedTokens& added, std::string_view text, OnText on_text);

  const Tokenizer::Impl& impl_;
  const bool parse_special_;
  Splitter splitter_;
  WordCache cache_;
  std::vector<Symbol> scratch_;
};

}  // namespace mill::tok
