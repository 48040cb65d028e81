#include "data/tokenizer/gguf_lists.h"

namespace mill::tok {
namespace {

template <class T>
Result<std::span<const T>> list_in(const ModelFile& file, std::string_view name) {
  TRY_ASSIGN(const std::vector<T>* list, gguf_value<std::vector<T>>(file, name));
  return list == nullptr ? std::span<const T>() : std::span<const T>(*list);
}

}  // namespace

Result<GgufLists> read_gguf_lists(const ModelFile& file) {
  GgufLists lists;
  TRY_ASSIGN(lists.tokens, list_in<std::string_view>(file, "tokens"));
  TRY_ASSIGN(lists.types, list_in<int64_t>(file, "token_type"));
  TRY_ASSIGN(lists.scores, list_in<double>(file, "scores"));
  TRY_ASSIGN(lists.merges, list_in<std::string_view>(file, "merges"));
  const size_t count = lists.tokens.size();
  if (count == 0) return fail(ErrorKind::invalid, "{} is missing or empty", gguf_key("tokens"));
  if (!lists.types.empty() && lists.types.size() != count)
    return fail(ErrorKind::invalid, "{} token types for {} tokens", lists.types.size(), count);
  if (!lists.scores.empty() && lists.scores.size() != count)
    return fail(ErrorKind::invalid, "{} scores for {} tokens", lists.scores.size(), count);
  return lists;
}

Result<bool> gguf_flag(const ModelFile& file, std::string_view name, bool absent) {
  TRY_ASSIGN(const bool* value, gguf_value<bool>(file, name));
  return value == nullptr ? absent : *value;
}

Result<TokenId> gguf_token(const ModelFile& file, size_t vocab, std::string_view name) {
  TRY_ASSIGN(const uint64_t* value, gguf_value<uint64_t>(file, name));
  if (value == nullptr || *value == UINT32_MAX) return -1;
  if (*value >= vocab)
    return fail(ErrorKind::invalid, "{} is {}, the vocabulary ends at {}", gguf_key(name), *value,
                vocab);
  return static_cast<TokenId>(*value);
}

Result<std::string_view> gguf_tokenizer_model(const ModelFile& file) {
  TRY_ASSIGN(const std::string_view* model, gguf_value<std::string_view>(file, "model"));
  if (model == nullptr) return fail(ErrorKind::invalid, "{} is missing", gguf_key("model"));
  if (*model == "gpt2" || *model == "llama") return *model;
  return fail(ErrorKind::unsupported, "the tokenizer '{}' is not supported (gpt2 and llama are)",
              *model);
}

Result<const SplitRow*> gguf_split_row(const ModelFile& file) {
  TRY_ASSIGN(const std::string_view* name, gguf_value<std::string_view>(file, "pre"));
  const SplitRow* row = split_row(name == nullptr ? "gpt-2" : *name);
  if (row != nullptr) return row;
  return fail(ErrorKind::unsupported,
              "the pre-tokenizer '{}' ({}) is not known; use the model's Hugging Face folder, "
              "whose tokenizer.json spells it out",
              *name, gguf_key("pre"));
}

}  // namespace mill::tok
