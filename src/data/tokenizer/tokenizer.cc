#include "data/tokenizer/tokenizer.h"

#include <algorithm>

#include "data/tokenizer/encoder.h"
#include "data/tokenizer/impl.h"
#include "data/tokenizer/load.h"
#include "data/tokenizer/utf8.h"

namespace mill {
namespace {

Result<std::shared_ptr<Tokenizer::Impl>> load(const ModelFile& file) {
  if (file.format == ModelFormat::gguf) return tok::load_gguf(file);
  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::is_directory(file.path, error) ? file.path : file.path.parent_path();
  const auto json = folder / "tokenizer.json";
  const auto sentencepiece = folder / "tokenizer.model";
  if (std::filesystem::exists(json, error)) return tok::load_json(json, file.config);
  if (std::filesystem::exists(sentencepiece, error))
    return tok::load_sentencepiece(sentencepiece, file.config);
  return fail(ErrorKind::not_found, "{} has neither tokenizer.json nor tokenizer.model",
              folder.string());
}

}  // namespace

Result<Tokenizer> Tokenizer::open(const ModelFile& file) {
  Tokenizer tokenizer;
  TRY_ASSIGN(tokenizer.impl_, load(file));
  return tokenizer;
}

Result<Tokenizer> Tokenizer::from_json(const std::filesystem::path& path) {
  Tokenizer tokenizer;
  TRY_ASSIGN(tokenizer.impl_, tok::load_json(path, nullptr));
  return tokenizer;
}

Result<Tokenizer> Tokenizer::from_sentencepiece(const std::filesystem::path& path) {
  Tokenizer tokenizer;
  TRY_ASSIGN(tokenizer.impl_, tok::load_sentencepiece(path, nullptr));
  return tokenizer;
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  tok::Encoder encoder(*impl_, text.size(), options.parse_special);
  std::vector<TokenId>& out = encoder.out;
  if (options.add_special) out.assign(impl_->prefix.begin(), impl_->prefix.end());
  if (tok::is_utf8(text))
    encoder.encode(text);
  else
    encoder.encode(tok::repaired(text));
  if (options.add_special) out.insert(out.end(), impl_->suffix.begin(), impl_->suffix.end());
  return std::move(out);
}

std::string Tokenizer::decode(std::span<const TokenId> tokens, bool skip_special) const {
  std::string text;
  text.reserve(tokens.size() * 4);
  for (const TokenId id : tokens) {
    if (skip_special && is_special(id)) continue;
    impl_->decoder.append(impl_->vocab.text(id), text);
  }
  impl_->decoder.strip_front(text);
  return text;
}

std::string Tokenizer::piece(TokenId id, bool skip_special) const {
  std::string text;
  if (!(skip_special && is_special(id))) impl_->decoder.append(impl_->vocab.text(id), text);
  return text;
}

size_t Tokenizer::vocab_size() const { return impl_->vocab.size(); }
TokenId Tokenizer::bos() const { return impl_->bos; }
TokenId Tokenizer::eos() const { return impl_->eos; }
bool Tokenizer::is_special(TokenId id) const { return impl_->vocab.special(id); }

bool Tokenizer::ends_generation(TokenId id) const {
  return std::binary_search(impl_->ends.begin(), impl_->ends.end(), id);
}

TokenId Tokenizer::token_named(std::string_view text) const {
  TokenId id = impl_->raw_added.find(text);
  if (id < 0) id = impl_->normalized_added.find(text);
  return id >= 0 ? id : impl_->vocab.find(text);
}

}  // namespace mill
