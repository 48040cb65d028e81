#include <algorithm>

#include "base/mapped_file.h"
#include "data/tokenizer/byte_alphabet.h"
#include "data/tokenizer/impl.h"
#include "data/tokenizer/json_file.h"
#include "data/tokenizer/json_steps.h"
#include "data/tokenizer/load.h"

namespace mill::tok {

using nlohmann::json;

namespace {

const json& section(const json& object, const char* key) {
  static const json kNull;
  const auto value = object.find(key);
  return value == object.end() ? kNull : *value;
}

Result<void> refuse_other_models(const json& model) {
  TRY_ASSIGN(const std::string type, text_of(model, "type", "BPE"));
  if (type != "BPE")
    return fail(ErrorKind::unsupported, "the model '{}' is not supported (BPE is)", type);
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    TRY_ASSIGN(const std::string affix, text_of(model, key, ""));
    if (!affix.empty())
      return fail(ErrorKind::unsupported, "a {} ('{}') is not supported", key, affix);
  }
  return {};
}

// Byte-level vocabularies are kept as the bytes they mean. What the alphabet cannot write can be no
// part of a word; it is kept as it stands, and not indexed.
Result<void> fill_vocab(Tokenizer::Impl& impl, const JsonFile& file, size_t added) {
  impl.vocab.reserve(file.vocab_size() + added, file.text_bytes());
  std::string bytes;
  for (size_t i = 0; i < file.vocab_size(); ++i) {
    const auto [text, id] = file.entry(i);
    const bool written = impl.pre.byte_level && read_written(text, bytes);
    TRY(impl.vocab.set(id, written ? std::string_view(bytes) : text));
    if (written || !impl.pre.byte_level) impl.vocab.index(static_cast<TokenId>(id));
  }
  return {};
}

class MergeReader {
 public:
  explicit MergeReader(Tokenizer::Impl& impl) : impl_(impl) {}

  Result<void> add(size_t rank, JsonFile::Pair pair) {
    const TokenId left = find(pair.left, left_);
    const TokenId right = find(pair.right, right_);
    joint_.assign(left_).append(right_);
    const TokenId joint = impl_.vocab.find(joint_);
    if (left < 0 || right < 0 || joint < 0)
      return fail(ErrorKind::invalid,
                  "merge {} ('{}' + '{}') names a token that the vocabulary lacks", rank, pair.left,
                  pair.right);
    impl_.bpe.merges.add(left, right, {static_cast<uint32_t>(rank), joint});
    return {};
  }

 private:
  TokenId find(std::string_view text, std::string& bytes) const {
    if (!impl_.pre.byte_level)
      bytes = text;
    else if (!read_written(text, bytes))
      return -1;
    return impl_.vocab.find(bytes);
  }

  Tokenizer::Impl& impl_;
  std::string left_, right_, joint_;
};

Result<void> fill_merges(Tokenizer::Impl& impl, const JsonFile& file) {
  if (!file.has_merges()) return fail(ErrorKind::invalid, "model.merges is missing");
  impl.bpe.merges.reserve(file.merges_size());
  MergeReader reader(impl);
  for (size_t i = 0; i < file.merges_size(); ++i) TRY(reader.add(i, file.merge(i)));
  return {};
}

Result<AddedToken> read_added_token(const json& node) {
  AddedToken token;
  TRY_ASSIGN(token.content, text_of(node, "content", ""));
  TRY_ASSIGN(token.special, flag_of(node, "special", false));
  TRY_ASSIGN(token.normalized, flag_of(node, "normalized", !token.special));
  TRY_ASSIGN(token.single_word, flag_of(node, "single_word", false));
  TRY_ASSIGN(token.lstrip, flag_of(node, "lstrip", false));
  TRY_ASSIGN(token.rstrip, flag_of(node, "rstrip", false));
  const auto id = id_of(section(node, "id"));
  if (!id)
    return fail(ErrorKind::invalid, "the added token '{}' has no id from 0 to 2147483647",
                token.content);
  token.id = *id;
  return token;
}

Result<void> fill_added(Tokenizer::Impl& impl, const json& list) {
  if (list.is_null()) return {};
  if (!list.is_array()) return fail(ErrorKind::invalid, "added_tokens is no list");
  std::string bytes;
  for (const json& node : list) {
    TRY_ASSIGN(AddedToken token, read_added_token(node));
    const bool written = impl.pre.byte_level && read_written(token.content, bytes);
    const std::string_view text = written ? std::string_view(bytes) : token.content;
    const std::string_view there = impl.vocab.text(token.id);
    if (!there.empty() && there != text)
      return fail(ErrorKind::invalid, "the added token '{}' claims id {}, which is '{}'",
                  token.content, token.id, there);
    if (there.empty()) TRY(impl.vocab.set(token.id, text));
    add_token(impl, std::move(token));
  }
  return {};
}

Result<void> read_bpe_options(Tokenizer::Impl& impl, const json& model) {
  Bpe::Options& options = impl.bpe.options;
  options.byte_level = impl.pre.byte_level;
  TRY_ASSIGN(options.byte_fallback, flag_of(model, "byte_fallback", false));
  TRY_ASSIGN(options.fuse_unknown, flag_of(model, "fuse_unk", false));
  TRY_ASSIGN(options.ignore_merges, flag_of(model, "ignore_merges", false));
  TRY_ASSIGN(const std::string unknown, text_of(model, "unk_token", ""));
  if (!unknown.empty()) options.unknown = impl.vocab.find(unknown);
  return {};
}

Result<void> read_template(Tokenizer::Impl& impl, const json& node) {
  TRY_ASSIGN(Template frame, read_post_processor(node));
  for (const auto* side : {&frame.prefix, &frame.suffix}) {
    for (const TokenId id : *side) {
      if (!impl.vocab.has(id))
        return fail(ErrorKind::invalid,
                    "the post_processor adds token {}, the vocabulary ends at {}", id,
                    impl.vocab.size());
    }
  }
  if (!frame.prefix.empty()) impl.bos = frame.prefix.front();
  impl.has_template = frame.present;
  impl.prefix = std::move(frame.prefix);
  impl.suffix = std::move(frame.suffix);
  return {};
}

}  // namespace

Loaded parse_tokenizer_json(std::string_view text) {
  TRY_ASSIGN(const JsonFile file, JsonFile::parse(text));
  const json& model = file.rest["model"];
  const json& added = section(file.rest, "added_tokens");
  TRY(refuse_other_models(model));
  if (file.vocab_size() == 0) return fail(ErrorKind::invalid, "model.vocab is missing or empty");

  auto impl = std::make_shared<Tokenizer::Impl>();
  TRY_ASSIGN(impl->edits, read_normalizer(section(file.rest, "normalizer")));
  TRY_ASSIGN(impl->pre, read_pre_tokenizer(section(file.rest, "pre_tokenizer")));
  TRY_ASSIGN(impl->decoder, read_decoder(section(file.rest, "decoder")));
  TRY(fill_vocab(*impl, file, added.size()));
  TRY(fill_merges(*impl, file));
  TRY(read_bpe_options(*impl, model));
  TRY(fill_added(*impl, added));
  TRY(read_template(*impl, section(file.rest, "post_processor")));
  finish(*impl);
  return impl;
}

Loaded load_json(const std::filesystem::path& path, const json& config) {
  TRY_ASSIGN(const auto file, MappedFile::open(path));
  const auto bytes = file->bytes();
  auto loaded = parse_tokenizer_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!loaded) return within(path.string(), loaded.error());
  if (auto applied = apply_configs(**loaded, path.parent_path(), config); !applied)
    return within((path.parent_path() / "tokenizer_config.json").string(), applied.error());
  return loaded;
}

}  // namespace mill::tok
