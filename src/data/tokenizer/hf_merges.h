#pragma once
// SentencePiece's scores as the list of merges that a tokenizer.json has instead (gguf_scores.h
// goes the other way): every way to make a piece out of two, those of the highest score first.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/tokenizer/tokenizer.h"

namespace mill::tok {

struct ScoredPiece {
  std::string_view text;
  double score = 0;
  TokenId id = -1;
};

using MergePairs = std::vector<std::pair<std::string_view, std::string_view>>;

// Views into the pieces' texts. Of one piece, and of pieces with one score, in the order of ids, as
// Hugging Face's converters have it.
MergePairs merges_of_scores(const std::vector<ScoredPiece>&);

}  // namespace mill::tok
