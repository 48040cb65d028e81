#include "data/tokenizer/hf_vocabulary.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/printable.h"
#include "data/tokenizer/gguf_lists.h"
#include "data/tokenizer/hf_merges.h"
#include "data/tokenizer/hf_steps.h"
#include "data/tokenizer/text_edit.h"

namespace mill {
namespace {

using namespace tok;
using json = nlohmann::ordered_json;  // its keys in the order that Hugging Face writes

// What is to be written, read from the file once.
struct Source {
  const ModelFile& file;
  GgufLists lists;
  bool pieces = false;             // SentencePiece's, not byte-level
  bool space_prefix = false;       // a text gets a space in front
  std::vector<std::string> texts;  // as a tokenizer.json has them; empty: no token
};

// User-defined tokens of SentencePiece stand in a GGUF with spaces for ▁.
std::string text_of(const Source& source, size_t id) {
  std::string text(source.lists.tokens[id]);
  const int64_t type = source.lists.type(id);
  if (type == kUnused && text == fmt::format("[PAD{}]", id)) return "";  // a row that fills up
  const TextEdit mark = Replace{" ", std::nullopt, std::string(kMetaspace)};
  if (source.pieces && type == kUserDefined) apply({&mark, 1}, true, text);
  return text;
}

Result<Source> read_source(const ModelFile& file) {
  TRY_ASSIGN(const std::string_view model, gguf_tokenizer_model(file));
  Source source{.file = file, .lists = {}, .pieces = model == "llama", .texts = {}};
  TRY_ASSIGN(source.lists, read_gguf_lists(file));
  TRY_ASSIGN(source.space_prefix, gguf_flag(file, "add_space_prefix", source.pieces));
  std::unordered_set<std::string> seen;
  for (size_t id = 0; id < source.lists.tokens.size(); ++id) {
    source.texts.push_back(text_of(source, id));
    const std::string& text = source.texts.back();
    if (!text.empty() && !seen.insert(text).second)
      return fail(ErrorKind::unsupported,
                  "token {} is written \"{}\", as another one is; a tokenizer.json has each text "
                  "once",
                  id, printable(text));
  }
  return source;
}

json added_tokens(const Source& source) {
  json out = json::array();
  for (size_t id = 0; id < source.texts.size(); ++id) {
    const int64_t type = source.lists.type(id);
    if (type != kControl && type != kUserDefined && type != kUnknown) continue;
    if (source.texts[id].empty()) continue;
    // Runs of spaces are found where a text's spaces are marked already (load_gguf.cc).
    const bool marked = type == kUserDefined && source.texts[id] != source.lists.tokens[id];
    out.push_back({{"id", id},
                   {"content", source.texts[id]},
                   {"single_word", false},
                   {"lstrip", false},
                   {"rstrip", false},
                   {"normalized", marked && !source.space_prefix},
                   {"special", type != kUserDefined}});
  }
  return out;
}

std::string as_json(std::string_view text) { return json(text).dump(); }

std::string vocabulary_text(const Source& source) {
  std::string out;
  for (size_t id = 0; id < source.texts.size(); ++id)
    if (!source.texts[id].empty())
      out += fmt::format("{}{}:{}", out.empty() ? "" : ",", as_json(source.texts[id]), id);
  return fmt::format("{{{}}}", out);
}

// As load_gguf.cc indexes them: what merging may make.
std::vector<ScoredPiece> pieces_of(const Source& source) {
  std::vector<ScoredPiece> out;
  for (size_t id = 0; id < source.texts.size(); ++id) {
    const int64_t type = source.lists.type(id);
    if (type == kNormal || type == kUserDefined)
      out.push_back({source.texts[id], source.lists.scores[id], static_cast<TokenId>(id)});
  }
  return out;
}

// "left right"; the tokenizer has been opened, so that each is.
MergePairs merges_of_list(const GgufLists& lists) {
  MergePairs out;
  for (const std::string_view merge : lists.merges) {
    const size_t space = merge.find(' ', 1);
    out.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }
  return out;
}

std::string merges_text(const MergePairs& merges) {
  std::string out;
  for (const auto& [left, right] : merges)
    out += fmt::format("{}[{},{}]", out.empty() ? "" : ",", as_json(left), as_json(right));
  return fmt::format("[{}]", out);
}

// The end, before its last two sections, which are as long as the vocabulary.
std::string assembled(const json& sections, const json& model, const std::string& vocabulary,
                      const MergePairs& merges) {
  std::string head = sections.dump(), options = model.dump();
  head.pop_back();
  options.pop_back();
  return fmt::format("{},\"model\":{},\"vocab\":{},\"merges\":{}}}}}\n", head, options, vocabulary,
                     merges_text(merges));
}

struct Frame {
  bool bos = false, eos = false;
};

// As load_gguf.cc reads it: BOS in front where the file or else its recipe says so.
Result<Frame> read_frame(const Source& source, const Tokenizer& tokenizer) {
  bool by_default = true;
  if (!source.pieces) {
    TRY_ASSIGN(const SplitRow* row, gguf_split_row(source.file));
    by_default = row->add_bos;
  }
  TRY_ASSIGN(const bool bos, gguf_flag(source.file, "add_bos_token", by_default));
  TRY_ASSIGN(const bool eos, gguf_flag(source.file, "add_eos_token", false));
  return Frame{bos && tokenizer.bos() >= 0, eos && tokenizer.eos() >= 0};
}

json post_processor(const Source& source, Frame wanted, const Tokenizer& tokenizer) {
  if (!wanted.bos && !wanted.eos) return source.pieces ? json() : byte_level_offsets();
  const auto token = [&](bool there, TokenId id) {
    return there ? FrameToken{id, source.texts[static_cast<size_t>(id)]} : FrameToken{};
  };
  return frame(token(wanted.bos, tokenizer.bos()), token(wanted.eos, tokenizer.eos()));
}

json unknown_of(const Source& source, TokenId unknown) {
  return unknown < 0 ? json() : json(source.texts[static_cast<size_t>(unknown)]);
}

Result<std::string> tokenizer_text(const Source& source, json post) {
  TRY_ASSIGN(const TokenId unknown,
             gguf_token(source.file, source.texts.size(), "unknown_token_id"));
  json sections = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
  json model = {{"type", "BPE"}};
  sections["added_tokens"] = added_tokens(source);
  sections["normalizer"] = nullptr;
  sections["pre_tokenizer"] = nullptr;
  sections["post_processor"] = std::move(post);
  if (source.pieces) {
    sections["normalizer"] = space_marker(source.space_prefix);
    sections["decoder"] = piece_decoder(source.space_prefix);
    model.update(
        {{"unk_token", unknown_of(source, unknown)}, {"fuse_unk", true}, {"byte_fallback", true}});
    return assembled(sections, model, vocabulary_text(source), merges_of_scores(pieces_of(source)));
  }
  TRY_ASSIGN(const SplitRow* row, gguf_split_row(source.file));
  if (row->nfc) sections["normalizer"] = {{"type", "NFC"}};
  sections["pre_tokenizer"] = byte_level_splits(*row, source.space_prefix);
  sections["decoder"] = byte_level_decoder();
  model.update({{"unk_token", nullptr},
                {"fuse_unk", false},
                {"byte_fallback", false},
                {"ignore_merges", row->ignore_merges}});
  return assembled(sections, model, vocabulary_text(source), merges_of_list(source.lists));
}

// The names of settings' tokens, and their keys in a GGUF.
constexpr std::array kNamed = {
    std::pair{"bos_token", "bos_token_id"}, std::pair{"eos_token", "eos_token_id"},
    std::pair{"unk_token", "unknown_token_id"}, std::pair{"pad_token", "padding_token_id"}};

Result<nlohmann::json> settings_of(const Source& source, Frame frame) {
  nlohmann::json out = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                        {"clean_up_tokenization_spaces", false},
                        {"add_bos_token", frame.bos},
                        {"add_eos_token", frame.eos}};
  for (const auto& [name, key] : kNamed) {
    TRY_ASSIGN(const TokenId id, gguf_token(source.file, source.texts.size(), key));
    if (id >= 0) out[name] = source.texts[static_cast<size_t>(id)];
  }
  const MetaValue* text = source.file.meta("tokenizer.chat_template");
  if (text != nullptr && std::holds_alternative<std::string_view>(*text))
    out["chat_template"] = std::get<std::string_view>(*text);
  return out;
}

// Whatever ends a generation here ends it there: of the text, of a turn, of a message.
Result<nlohmann::json> generation_of(const Source& source, const Tokenizer& tokenizer) {
  nlohmann::json out = nlohmann::json::object(), ends = nlohmann::json::array();
  if (tokenizer.eos() >= 0) ends.push_back(tokenizer.eos());
  for (TokenId id = 0; static_cast<size_t>(id) < source.texts.size(); ++id)
    if (id != tokenizer.eos() && tokenizer.ends_generation(id)) ends.push_back(id);
  TRY_ASSIGN(const TokenId pad, gguf_token(source.file, source.texts.size(), "padding_token_id"));
  if (tokenizer.bos() >= 0) out["bos_token_id"] = tokenizer.bos();
  if (pad >= 0) out["pad_token_id"] = pad;
  if (!ends.empty()) out["eos_token_id"] = ends.size() == 1 ? ends.front() : ends;
  return out;
}

Result<HfVocabulary> written(const ModelFile& file) {
  TRY_ASSIGN(const Tokenizer tokenizer, Tokenizer::open(file));
  TRY_ASSIGN(const Source source, read_source(file));
  TRY_ASSIGN(const Frame frame, read_frame(source, tokenizer));
  HfVocabulary out;
  TRY_ASSIGN(out.tokenizer, tokenizer_text(source, post_processor(source, frame, tokenizer)));
  TRY_ASSIGN(out.settings, settings_of(source, frame));
  TRY_ASSIGN(out.generation, generation_of(source, tokenizer));
  return out;
}

}  // namespace

Result<HfVocabulary> hf_vocabulary(const ModelFile& file) {
  try {
    return written(file);
  } catch (const nlohmann::json::exception& error) {  // a text that is no UTF-8
    return fail(ErrorKind::invalid, "the vocabulary cannot be written as JSON: {}", error.what());
  }
}

}  // namespace mill
