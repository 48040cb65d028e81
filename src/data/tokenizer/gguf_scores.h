#pragma once
// SentencePiece's BPE, as a GGUF has it: of all neighbours that make a piece of the vocabulary,
// those of the highest score merge first. A tokenizer.json lists merges instead:
//
//   merges   ["▁ t", "e r", "▁t h", "▁ th"]      scores   ▁t 0, er −1, ▁th −2, others −4
//
// The two say the same where every way to split a piece into two pieces is a merge.

#include <set>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/tokenizer/json_file.h"

namespace mill::tok {

// A score for each of `size` ids: minus the rank of the first merge that makes the piece. `added`
// are the tokens that are cut out of a text before anything merges.
Result<std::vector<double>> piece_scores(const JsonFile&, const std::set<std::string_view>& added,
                                         size_t size);

// Whether a text gets a space in front (tokenizer.ggml.add_space_prefix). Steps other than marking
// spaces by ▁ are Error{unsupported}.
Result<bool> space_prefix(const nlohmann::json& tokenizer);

}  // namespace mill::tok
