#include <cmath>

#include "base/mapped_file.h"
#include "data/tokenizer/impl.h"
#include "data/tokenizer/load.h"
#include "data/tokenizer/protobuf.h"

// The field numbers are those of google/sentencepiece's sentencepiece_model.proto:
//   ModelProto: 1 pieces (1 piece, 2 score, 3 type), 2 trainer_spec, 3 normalizer_spec

namespace mill::tok {
namespace {

enum PieceType : uint64_t { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

struct Piece {
  std::string_view text;
  float score = 0;
  uint64_t type = kNormal;
};

struct Model {
  std::vector<Piece> pieces;
  uint64_t algorithm = 1;  // 1 unigram, 2 BPE
  bool suffix_space = false;
  bool byte_fallback = false;
  int64_t unknown = 0, bos = 1, eos = 2;
  bool dummy_prefix = true;
  bool collapse_space = true;
  bool escape_space = true;
  bool has_charsmap = false;
};

int64_t signed_of(const ProtoField& field) {
  return static_cast<int32_t>(static_cast<uint32_t>(field.value));
}

Result<void> read_piece(std::span<const std::byte> bytes, Model& model) {
  Piece piece;
  for (ProtoReader reader(bytes); !reader.done();) {
    TRY_ASSIGN(const ProtoField field, reader.next());
    if (field.number == 1) piece.text = field.text();
    if (field.number == 2) piece.score = field.number_f32();
    if (field.number == 3) piece.type = field.value;
  }
  if (std::isnan(piece.score))
    return fail(ErrorKind::invalid, "the score of piece {} is not a number", model.pieces.size());
  model.pieces.push_back(piece);
  return {};
}

Result<void> read_trainer(std::span<const std::byte> bytes, Model& model) {
  for (ProtoReader reader(bytes); !reader.done();) {
    TRY_ASSIGN(const ProtoField field, reader.next());
    if (field.number == 3) model.algorithm = field.value;
    if (field.number == 24) model.suffix_space = field.value != 0;
    if (field.number == 35) model.byte_fallback = field.value != 0;
    if (field.number == 40) model.unknown = signed_of(field);
    if (field.number == 41) model.bos = signed_of(field);
    if (field.number == 42) model.eos = signed_of(field);
  }
  return {};
}

Result<void> read_normalizer_spec(std::span<const std::byte> bytes, Model& model) {
  for (ProtoReader reader(bytes); !reader.done();) {
    TRY_ASSIGN(const ProtoField field, reader.next());
    if (field.number == 2) model.has_charsmap = !field.bytes.empty();
    if (field.number == 3) model.dummy_prefix = field.value != 0;
    if (field.number == 4) model.collapse_space = field.value != 0;
    if (field.number == 5) model.escape_space = field.value != 0;
  }
  return {};
}

Result<Model> read_model(std::span<const std::byte> bytes) {
  Model model;
  for (ProtoReader reader(bytes); !reader.done();) {
    TRY_ASSIGN(const ProtoField field, reader.next());
    if (field.number == 1) TRY(read_piece(field.bytes, model));
    if (field.number == 2) TRY(read_trainer(field.bytes, model));
    if (field.number == 3) TRY(read_normalizer_spec(field.bytes, model));
  }
  return model;
}

Result<void> refuse_others(const Model& model) {
  const auto refuse = [](const char* what) {
    return fail(ErrorKind::unsupported, "{} is not supported", what);
  };
  if (model.pieces.empty()) return fail(ErrorKind::invalid, "it has no pieces");
  if (model.algorithm != 2) return refuse("a SentencePiece model other than BPE");
  if (model.suffix_space) return refuse("treat_whitespace_as_suffix");
  if (model.has_charsmap) return refuse("a precompiled_charsmap (normalization by NFKC rules)");
  if (!model.escape_space) return refuse("escape_whitespaces = false");
  return {};
}

Result<void> fill_vocab(Tokenizer::Impl& impl, const Model& model) {
  size_t bytes = 0;
  for (const Piece& piece : model.pieces) bytes += piece.text.size();
  impl.vocab.reserve(model.pieces.size(), bytes);
  for (size_t i = 0; i < model.pieces.size(); ++i) {
    const Piece& piece = model.pieces[i];
    if (piece.type == kUnused) return fail(ErrorKind::unsupported, "pieces of type UNUSED");
    TRY(impl.vocab.set(static_cast<int64_t>(i), piece.text));
    impl.bpe.score_ranks.push_back(Bpe::rank_of_score(piece.score));
    if (piece.type == kNormal || piece.type == kUserDefined)
      impl.vocab.index(static_cast<TokenId>(i));
  }
  return {};
}

// User-defined symbols are found in the text with its spaces marked, control tokens in the raw
// text.
void fill_added(Tokenizer::Impl& impl, const Model& model) {
  for (size_t i = 0; i < model.pieces.size(); ++i) {
    const Piece& piece = model.pieces[i];
    const AddedToken token{.content = std::string(piece.text),
                           .id = static_cast<TokenId>(i),
                           .special = piece.type != kUserDefined};
    if (piece.type == kUserDefined) impl.normalized_added.add(token);
    if (piece.type == kControl || piece.type == kUnknown) add_token(impl, token);
  }
}

void fill_edits(Tokenizer::Impl& impl, const Model& model, Regex spaces) {
  if (model.collapse_space) {
    impl.edits.emplace_back(Replace{"", std::move(spaces), " "});
    impl.edits.emplace_back(Strip{true, true});
  }
  if (model.dummy_prefix) impl.edits.emplace_back(Prepend{" "});
  impl.edits.emplace_back(Replace{" ", std::nullopt, std::string(kMetaspace)});
  impl.decoder.replacements.push_back({std::string(kMetaspace), " "});
  impl.decoder.byte_fallback = model.byte_fallback;
  impl.decoder.strip = std::string(kSpace);
  impl.decoder.strip_count = model.dummy_prefix ? 1 : 0;
}

}  // namespace

Loaded parse_sentencepiece(std::span<const std::byte> bytes) {
  TRY_ASSIGN(const Model model, read_model(bytes));
  TRY(refuse_others(model));
  auto impl = std::make_shared<Tokenizer::Impl>();
  impl->bpe.options.rule = Bpe::Rule::scores;
  impl->bpe.options.byte_fallback = model.byte_fallback;
  impl->bpe.options.fuse_unknown = true;
  TRY_ASSIGN(Regex spaces, Regex::compile(" {2,}"));
  fill_edits(*impl, model, std::move(spaces));
  TRY(fill_vocab(*impl, model));
  const auto known = [&](int64_t id) {
    return impl->vocab.has(id) ? static_cast<TokenId>(id) : TokenId{-1};
  };
  impl->bpe.options.unknown = known(model.unknown);
  impl->bos = known(model.bos);
  impl->eos = known(model.eos);
  if (impl->bos >= 0) impl->prefix.push_back(impl->bos);
  fill_added(*impl, model);
  finish(*impl);
  return impl;
}

Loaded load_sentencepiece(const std::filesystem::path& path, const nlohmann::json& config) {
  TRY_ASSIGN(const auto file, MappedFile::open(path));
  auto loaded = parse_sentencepiece(file->bytes());
  if (!loaded) return within(path.string(), loaded.error());
  if (auto applied = apply_configs(**loaded, path.parent_path(), config); !applied)
    return within((path.parent_path() / "tokenizer_config.json").string(), applied.error());
  return loaded;
}

}  // namespace mill::tok
