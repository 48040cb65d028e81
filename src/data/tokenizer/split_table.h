#pragma once
// GGUF files name their pre-tokenizer (tokenizer.ggml.pre) instead of spelling it out. One row per
// recipe; a new family is a new row.

#include <span>
#include <string_view>

namespace mill::tok {

struct SplitRow {
  std::string_view names;                      // between spaces, as the files write them
  std::span<const std::string_view> patterns;  // applied one after the other
  bool nfc = false;                            // the text is normalized first
  bool ignore_merges = false;
  bool add_bos = false;  // where the file does not say
};

const SplitRow* split_row(std::string_view name);  // null where unknown
std::span<const SplitRow> split_table();

}  // namespace mill::tok
