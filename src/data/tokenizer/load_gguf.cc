#include <cmath>

#include "data/tokenizer/byte_alphabet.h"
#include "data/tokenizer/gguf_lists.h"
#include "data/tokenizer/impl.h"
#include "data/tokenizer/load.h"

namespace mill::tok {
namespace {

// Control and user-defined tokens stand in the file as they look, normal ones of a byte-level
// vocabulary in the byte alphabet. Only words are indexed: what merging may make.
Result<void> fill_vocab(Tokenizer::Impl& impl, const GgufLists& lists) {
  size_t bytes = 0;
  for (const std::string_view text : lists.tokens) bytes += text.size();
  impl.vocab.reserve(lists.tokens.size(), bytes);
  std::string buffer;
  for (size_t i = 0; i < lists.tokens.size(); ++i) {
    const int64_t type = lists.type(i);
    const bool word = type == kNormal || (type == kUserDefined && !impl.pre.byte_level);
    const bool written =
        type == kNormal && impl.pre.byte_level && read_written(lists.tokens[i], buffer);
    TRY(impl.vocab.set(static_cast<int64_t>(i), written ? buffer : lists.tokens[i]));
    if (word && (written || !impl.pre.byte_level)) impl.vocab.index(static_cast<TokenId>(i));
  }
  return {};
}

// Converters write the spaces of user-defined tokens as spaces; they are found, as SentencePiece
// finds them, in the text with its spaces marked: a ▁ of the text counts as one.
bool add_spaces(Tokenizer::Impl& impl, AddedToken token) {
  const bool by_scores = impl.bpe.options.rule == Bpe::Rule::scores;
  if (!by_scores || token.special || token.content.find(' ') == std::string::npos) return false;
  const TextEdit mark = Replace{" ", std::nullopt, std::string(kMetaspace)};
  apply({&mark, 1}, true, token.content);
  impl.normalized_added.add(std::move(token));
  return true;
}

void fill_added(Tokenizer::Impl& impl, const GgufLists& lists) {
  for (size_t i = 0; i < lists.types.size(); ++i) {
    const int64_t type = lists.types[i];
    if (type != kControl && type != kUserDefined && type != kUnknown) continue;
    AddedToken token;
    token.content = lists.tokens[i];
    token.id = static_cast<TokenId>(i);
    token.special = type != kUserDefined;
    if (!add_spaces(impl, token)) add_token(impl, std::move(token));
  }
}

Result<void> add_merge(Tokenizer::Impl& impl, size_t rank, std::string_view text,
                       std::array<std::string, 3>& buffers) {
  auto& [left, right, joint] = buffers;
  const size_t space = text.find(' ', 1);
  if (space == std::string_view::npos || !read_written(text.substr(0, space), left) ||
      !read_written(text.substr(space + 1), right))
    return fail(ErrorKind::invalid, "merge {} ('{}') is not 'left right'", rank, text);
  joint.assign(left).append(right);
  const Merge merge{static_cast<uint32_t>(rank), impl.vocab.find(joint)};
  const TokenId left_id = impl.vocab.find(left);
  const TokenId right_id = impl.vocab.find(right);
  if (left_id < 0 || right_id < 0 || merge.id < 0)
    return fail(ErrorKind::invalid, "merge {} ('{}') names a token that the vocabulary lacks", rank,
                text);
  impl.bpe.merges.add(left_id, right_id, merge);
  return {};
}

Result<void> fill_merges(Tokenizer::Impl& impl, const GgufLists& lists) {
  impl.bpe.merges.reserve(lists.merges.size());
  std::array<std::string, 3> buffers;
  for (size_t rank = 0; rank < lists.merges.size(); ++rank)
    TRY(add_merge(impl, rank, lists.merges[rank], buffers));
  return {};
}

Result<void> load_byte_level(Tokenizer::Impl& impl, const ModelFile& file, const GgufLists& lists) {
  TRY_ASSIGN(const SplitRow* row, gguf_split_row(file));
  if (row->nfc) impl.edits.emplace_back(UnicodeForm::nfc);
  TRY_ASSIGN(const bool space, gguf_flag(file, "add_space_prefix", false));
  if (space) impl.pre.edits.emplace_back(Prepend{" ", true, false});
  for (const std::string_view pattern : row->patterns) {
    TRY_ASSIGN(Regex regex, Regex::compile(pattern));
    impl.pre.splits.push_back({std::move(regex)});
  }
  impl.pre.byte_level = true;
  impl.bpe.options.byte_level = true;
  impl.bpe.options.ignore_merges = row->ignore_merges;
  TRY(fill_vocab(impl, lists));
  if (file.meta(gguf_key("merges")) == nullptr)  // no list; an empty one is no fault
    return fail(ErrorKind::invalid, "{} is missing", gguf_key("merges"));
  return fill_merges(impl, lists);
}

Result<void> load_by_scores(Tokenizer::Impl& impl, const ModelFile& file, const GgufLists& lists) {
  if (lists.scores.empty()) return fail(ErrorKind::invalid, "{} is missing", gguf_key("scores"));
  impl.bpe.options.rule = Bpe::Rule::scores;
  impl.bpe.options.byte_fallback = true;
  impl.bpe.options.fuse_unknown = true;
  for (const double score : lists.scores) {
    if (std::isnan(score)) return fail(ErrorKind::invalid, "a token's score is not a number");
    impl.bpe.score_ranks.push_back(Bpe::rank_of_score(static_cast<float>(score)));
  }
  TRY_ASSIGN(const bool space, gguf_flag(file, "add_space_prefix", true));
  if (space) impl.edits.emplace_back(Prepend{" "});
  impl.edits.emplace_back(Replace{" ", std::nullopt, std::string(kMetaspace)});
  impl.decoder.replacements.push_back({std::string(kMetaspace), " "});
  impl.decoder.byte_fallback = true;
  impl.decoder.strip = std::string(kSpace);
  impl.decoder.strip_count = space ? 1 : 0;
  return fill_vocab(impl, lists);
}

Result<void> read_ids(Tokenizer::Impl& impl, const ModelFile& file, bool bos_by_default) {
  const size_t vocab = impl.vocab.size();
  TRY_ASSIGN(impl.bos, gguf_token(file, vocab, "bos_token_id"));
  TRY_ASSIGN(impl.eos, gguf_token(file, vocab, "eos_token_id"));
  TRY_ASSIGN(const TokenId unknown, gguf_token(file, vocab, "unknown_token_id"));
  // Bytes that a byte-level vocabulary lacks are dropped, as Hugging Face and ggml do.
  if (impl.bpe.options.rule == Bpe::Rule::scores) impl.bpe.options.unknown = unknown;
  for (const char* name : {"eot_token_id", "eom_token_id"}) {
    TRY_ASSIGN(const TokenId id, gguf_token(file, vocab, name));
    add_end(impl, id);
  }
  TRY_ASSIGN(const bool add_bos, gguf_flag(file, "add_bos_token", bos_by_default));
  TRY_ASSIGN(const bool add_eos, gguf_flag(file, "add_eos_token", false));
  if (add_bos && impl.bos >= 0) impl.prefix.push_back(impl.bos);
  if (add_eos && impl.eos >= 0) impl.suffix.push_back(impl.eos);
  return {};
}

Loaded read(const ModelFile& file) {
  TRY_ASSIGN(const std::string_view model, gguf_tokenizer_model(file));
  TRY_ASSIGN(const GgufLists lists, read_gguf_lists(file));
  auto impl = std::make_shared<Tokenizer::Impl>();
  bool bos_by_default = true;
  if (model == "gpt2") {
    TRY(load_byte_level(*impl, file, lists));
    TRY_ASSIGN(const SplitRow* row, gguf_split_row(file));
    bos_by_default = row->add_bos;
  } else {
    TRY(load_by_scores(*impl, file, lists));
  }
  TRY(read_ids(*impl, file, bos_by_default));
  fill_added(*impl, lists);
  finish(*impl);
  return impl;
}

}  // namespace

Loaded load_gguf(const ModelFile& file) {
  auto loaded = read(file);
  if (!loaded) return within(file.path.string(), loaded.error());
  return loaded;
}

}  // namespace mill::tok
