#pragma once
// The steps of a tokenizer.json, as it describes them (json_steps.h reads them).

#include <nlohmann/json.hpp>
#include <string>

#include "data/tokenizer/split_table.h"
#include "data/tokenizer/tokenizer.h"

namespace mill::tok {

// Words of a byte-level vocabulary; `prefix`: a text gets a space in front.
nlohmann::ordered_json byte_level_splits(const SplitRow&, bool prefix);
nlohmann::ordered_json byte_level_decoder();
nlohmann::ordered_json byte_level_offsets();  // a post_processor that adds no token

// SentencePiece's ▁ for spaces, and back.
nlohmann::ordered_json space_marker(bool prefix);
nlohmann::ordered_json piece_decoder(bool prefix);

// The post_processor that puts tokens around a text; id -1 = none.
struct FrameToken {
  TokenId id = -1;
  std::string text;
};
nlohmann::ordered_json frame(const FrameToken& before, const FrameToken& after);

}  // namespace mill::tok
