#pragma once
// What an opened tokenizer is: the parts, in the order in which a text meets them.
//
//   text → raw added tokens cut out → edits (normalization) → normalized added tokens cut out
//        → words → merged → ids, with the prefix and suffix of the model's template around them

#include <array>
#include <string>
#include <vector>

#include "data/tokenizer/added_tokens.h"
#include "data/tokenizer/bpe.h"
#include "data/tokenizer/decoder.h"
#include "data/tokenizer/pre_tokenizer.h"
#include "data/tokenizer/text_edit.h"
#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/vocab.h"

namespace mill {

struct Tokenizer::Impl {
  tok::Vocab vocab;
  tok::AddedTokens raw_added;
  std::vector<tok::TextEdit> edits;
  tok::AddedTokens normalized_added;
  tok::PreTokenizer pre;
  tok::Bpe bpe;
  std::vector<TokenId> prefix;  // BOS, mostly
  std::vector<TokenId> suffix;
  bool has_template = false;  // the file itself says what prefix and suffix are
  tok::Decoder decoder;
  TokenId bos = -1;
  TokenId eos = -1;
  std::vector<TokenId> ends;  // sorted: the tokens that end a generation

  // Bytes that stand before a ▁ inside some token. Before any other ▁ a text can be cut, since no
  // merge crosses there: SentencePiece texts are long, their words short.
  std::array<bool, 256> before_metaspace{};
  bool cut_at_metaspace = false;
};

namespace tok {

// What every loader does last, when the vocabulary is complete.
void add_token(Tokenizer::Impl&, AddedToken);
void finish(Tokenizer::Impl&);
void add_end(Tokenizer::Impl&, TokenId);  // nothing for -1

}  // namespace tok
}  // namespace mill
