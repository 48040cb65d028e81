#pragma once
// What a GGUF says of its vocabulary (tokenizer.ggml.*), checked for type and size.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/model_file.h"
#include "data/tokenizer/split_table.h"
#include "data/tokenizer/tokenizer.h"

namespace mill::tok {

// tokenizer.ggml.token_type (llama.h, `llama_token_type`)
enum TokenType : int64_t { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

struct GgufLists {
  std::span<const std::string_view> tokens;  // at least one
  std::span<const int64_t> types;            // empty: all normal
  std::span<const double> scores;            // empty where the rule is not by scores
  std::span<const std::string_view> merges;  // empty where it is

  int64_t type(size_t id) const { return types.empty() ? int64_t{kNormal} : types[id]; }
};
Result<GgufLists> read_gguf_lists(const ModelFile&);

inline std::string gguf_key(std::string_view name) { return "tokenizer.ggml." + std::string(name); }

// What a file may say under a key: nothing (null), or the expected type, or else an Error.
template <class T>
Result<const T*> gguf_value(const ModelFile& file, std::string_view name) {
  const MetaValue* value = file.meta(gguf_key(name));
  if (value == nullptr) return nullptr;
  const T* typed = std::get_if<T>(value);
  if (typed == nullptr) return fail(ErrorKind::invalid, "{} has the wrong type", gguf_key(name));
  return typed;
}

Result<bool> gguf_flag(const ModelFile&, std::string_view name, bool absent);

// An id below `vocab`; -1 where the file has none (writers also use 2^32 - 1 for that).
Result<TokenId> gguf_token(const ModelFile&, size_t vocab, std::string_view name);

// "gpt2" or "llama"; others are Error{unsupported}.
Result<std::string_view> gguf_tokenizer_model(const ModelFile&);

// The recipe that the file names its pre-tokenizer by.
Result<const SplitRow*> gguf_split_row(const ModelFile&);

}  // namespace mill::tok
