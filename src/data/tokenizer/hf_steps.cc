#include "data/tokenizer/hf_steps.h"

#include "data/tokenizer/pre_tokenizer.h"

namespace mill::tok {

using json = nlohmann::ordered_json;

namespace {

json byte_level(bool prefix, bool split) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", prefix},
          {"trim_offsets", true},
          {"use_regex", split}};
}

// Single digits have a step with a name.
json split_step(std::string_view pattern) {
  if (pattern == R"(\p{N})") return {{"type", "Digits"}, {"individual_digits", true}};
  return {{"type", "Split"},
          {"pattern", {{"Regex", pattern}}},
          {"behavior", "Isolated"},
          {"invert", false}};
}

// Around the first text (A), or the second of a pair (B).
void add_framed(const FrameToken& before, const FrameToken& after, int text, json& out) {
  const auto add = [&](const FrameToken& token) {
    if (token.id < 0) return;
    out.push_back({{"SpecialToken", {{"id", token.text}, {"type_id", text}}}});
  };
  add(before);
  out.push_back({{"Sequence", {{"id", text == 0 ? "A" : "B"}, {"type_id", text}}}});
  add(after);
}

}  // namespace

json byte_level_splits(const SplitRow& row, bool prefix) {
  const bool own = row.patterns.back() == kGpt2Pattern;  // which ByteLevel carries unsaid
  json steps = json::array();
  for (const std::string_view pattern : row.patterns.first(row.patterns.size() - (own ? 1 : 0)))
    steps.push_back(split_step(pattern));
  steps.push_back(byte_level(prefix, own));
  if (steps.size() == 1) return steps.front();
  return {{"type", "Sequence"}, {"pretokenizers", steps}};
}

json byte_level_decoder() { return byte_level(false, true); }

json byte_level_offsets() { return byte_level(false, true); }

json space_marker(bool prefix) {
  const json mark = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kMetaspace}};
  if (!prefix) return mark;
  const json prepend = {{"type", "Prepend"}, {"prepend", kMetaspace}};
  return {{"type", "Sequence"}, {"normalizers", json::array({prepend, mark})}};
}

json piece_decoder(bool prefix) {
  json steps = json::array();
  steps.push_back({{"type", "Replace"}, {"pattern", {{"String", kMetaspace}}}, {"content", " "}});
  steps.push_back({{"type", "ByteFallback"}});
  steps.push_back({{"type", "Fuse"}});
  if (prefix) steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  return {{"type", "Sequence"}, {"decoders", steps}};
}

json frame(const FrameToken& before, const FrameToken& after) {
  json tokens = json::object(), single = json::array();
  for (const FrameToken* token : {&before, &after})
    if (token->id >= 0)
      tokens[token->text] = {{"id", token->text},
                             {"ids", json::array({token->id})},
                             {"tokens", json::array({token->text})}};
  add_framed(before, after, 0, single);
  json pair = single;
  add_framed(before, after, 1, pair);
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", pair},
          {"special_tokens", tokens}};
}

}  // namespace mill::tok
