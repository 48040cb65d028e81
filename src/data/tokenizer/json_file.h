#pragma once
// tokenizer.json as it lies in the file: the two large sections (vocabulary and merges, up to 30 MB
// of it) read straight into flat storage, the small rest as ordinary JSON.
// Grammar: docs/formats/tokenizers.md

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mill::tok {

class JsonFile {
 public:
  static Result<JsonFile> parse(std::string_view text);

  nlohmann::json rest;  // without model.vocab and model.merges

  struct Entry {
    std::string_view text;
    int64_t id = -1;
  };
  struct Pair {
    std::string_view left;
    std::string_view right;
  };
  size_t vocab_size() const { return entries_.size(); }
  size_t merges_size() const { return parts_.size() / 2; }
  size_t text_bytes() const { return texts_.size(); }
  Entry entry(size_t i) const { return {text(entries_[i].text), entries_[i].id}; }
  Pair merge(size_t i) const { return {text(parts_[2 * i]), text(parts_[2 * i + 1])}; }
  bool has_merges() const { return has_merges_; }

 private:
  struct Text {
    size_t begin = 0;
    size_t size = 0;
  };
  struct VocabEntry {
    Text text;
    int64_t id = -1;
  };
  class Reader;

  std::string_view text(Text t) const { return std::string_view(texts_).substr(t.begin, t.size); }
  Text keep(std::string_view text);

  std::string texts_;
  std::vector<VocabEntry> entries_;
  std::vector<Text> parts_;  // left, right, left, right …
  bool has_merges_ = false;
};

}  // namespace mill::tok
