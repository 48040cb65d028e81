#include "data/tokenizer/json_steps.h"

#include <functional>

namespace mill::tok {

using nlohmann::json;

namespace {

constexpr int kNestingMax = 8;

std::unexpected<Error> unsupported(std::string_view section, const std::string& type) {
  return fail(ErrorKind::unsupported, "the {} '{}' is not supported", section, type);
}

// Calls `step` on every leaf of nested Sequences, in order.
Result<void> each_step(const json& node, const char* members, int depth,
                       const std::function<Result<void>(const std::string&, const json&)>& step) {
  if (node.is_null()) return {};
  TRY_ASSIGN(const std::string type, text_of(node, "type", ""));
  if (type != "Sequence") return step(type, node);
  if (depth == kNestingMax) return fail(ErrorKind::invalid, "Sequences are nested too deep");
  const auto list = node.find(members);
  if (list == node.end() || !list->is_array())
    return fail(ErrorKind::invalid, "a Sequence without its list \"{}\"", members);
  for (const json& member : *list) TRY(each_step(member, members, depth + 1, step));
  return {};
}

struct Pattern {
  std::string text;
  bool regex = false;
};

// {"String": "…"} or {"Regex": "…"}
Result<Pattern> pattern_of(const json& node) {
  const auto pattern = node.find("pattern");
  if (pattern == node.end() || !pattern->is_object())
    return fail(ErrorKind::invalid, "a step without its \"pattern\"");
  const bool regex = pattern->contains("Regex");
  TRY_ASSIGN(std::string text, text_of(*pattern, regex ? "Regex" : "String", ""));
  if (text.empty()) return fail(ErrorKind::invalid, "an empty \"pattern\"");
  return Pattern{std::move(text), regex};
}

Result<Replace> replace_of(const json& node) {
  TRY_ASSIGN(const Pattern pattern, pattern_of(node));
  TRY_ASSIGN(std::string content, text_of(node, "content", ""));
  Replace edit{pattern.text, std::nullopt, std::move(content)};
  if (pattern.regex) {
    TRY_ASSIGN(edit.regex, Regex::compile(pattern.text));
  }
  return edit;
}

Result<void> add_normalizer(const std::string& type, const json& node,
                            std::vector<TextEdit>& edits) {
  if (type == "NFC") {
    edits.emplace_back(UnicodeForm::nfc);
  } else if (type == "NFD") {
    edits.emplace_back(UnicodeForm::nfd);
  } else if (type == "NFKC") {
    edits.emplace_back(UnicodeForm::nfkc);
  } else if (type == "NFKD") {
    edits.emplace_back(UnicodeForm::nfkd);
  } else if (type == "Prepend") {
    TRY_ASSIGN(std::string text, text_of(node, "prepend", ""));
    edits.emplace_back(Prepend{std::move(text)});
  } else if (type == "Replace") {
    TRY_ASSIGN(auto edit, replace_of(node));
    edits.emplace_back(std::move(edit));
  } else if (type == "Strip") {
    TRY_ASSIGN(const bool left, flag_of(node, "strip_left", true));
    TRY_ASSIGN(const bool right, flag_of(node, "strip_right", true));
    edits.emplace_back(Strip{left, right});
  } else {
    return unsupported("normalizer", type);
  }
  return {};
}

Result<SplitBehaviour> behaviour_of(const json& node, const char* absent) {
  TRY_ASSIGN(const std::string name, text_of(node, "behavior", absent));
  if (name == "Removed") return SplitBehaviour::removed;
  if (name == "Isolated") return SplitBehaviour::isolated;
  if (name == "MergedWithPrevious") return SplitBehaviour::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehaviour::merged_with_next;
  if (name == "Contiguous") return SplitBehaviour::contiguous;
  return unsupported("split behavior", name);
}

// A prefix concerns the text as a whole, so nothing may have been cut before it.
Result<void> add_edit(PreTokenizer& pre, TextEdit edit) {
  if (!pre.splits.empty())
    return fail(ErrorKind::unsupported, "a pre-tokenizer that adds a prefix after a split");
  pre.edits.push_back(std::move(edit));
  return {};
}

Result<void> add_split(PreTokenizer& pre, std::string_view pattern, SplitBehaviour behaviour,
                       bool invert) {
  TRY_ASSIGN(Regex regex, Regex::compile(pattern));
  pre.splits.push_back({std::move(regex), behaviour, invert});
  return {};
}

Result<void> add_pattern_split(PreTokenizer& pre, const json& node) {
  TRY_ASSIGN(const Pattern pattern, pattern_of(node));
  TRY_ASSIGN(const SplitBehaviour behaviour, behaviour_of(node, "Isolated"));
  TRY_ASSIGN(const bool invert, flag_of(node, "invert", false));
  if (pattern.regex) return add_split(pre, pattern.text, behaviour, invert);
  TRY_ASSIGN(Regex regex, Regex::literal(pattern.text));
  pre.splits.push_back({std::move(regex), behaviour, invert});
  return {};
}

Result<void> add_byte_level(PreTokenizer& pre, const json& node) {
  TRY_ASSIGN(const bool prefix, flag_of(node, "add_prefix_space", true));
  TRY_ASSIGN(const bool use_regex, flag_of(node, "use_regex", true));
  if (prefix) TRY(add_edit(pre, Prepend{" ", true, false}));
  if (use_regex) TRY(add_split(pre, kGpt2Pattern, SplitBehaviour::isolated, false));
  pre.byte_level = true;
  return {};
}

Result<void> add_metaspace(PreTokenizer& pre, const json& node) {
  TRY_ASSIGN(const std::string mark, text_of(node, "replacement", std::string(kMetaspace)));
  TRY_ASSIGN(const bool legacy_prefix, flag_of(node, "add_prefix_space", true));
  TRY_ASSIGN(const std::string scheme,
             text_of(node, "prepend_scheme", legacy_prefix ? "always" : "never"));
  TRY_ASSIGN(const bool split, flag_of(node, "split", true));
  if (mark.empty()) return fail(ErrorKind::invalid, "an empty Metaspace \"replacement\"");
  TRY(add_edit(pre, Replace{" ", std::nullopt, mark}));
  if (scheme != "never") TRY(add_edit(pre, Prepend{mark, true, scheme == "first"}));
  if (!split) return {};
  TRY_ASSIGN(Regex regex, Regex::literal(mark));
  pre.splits.push_back({std::move(regex), SplitBehaviour::merged_with_next, false});
  return {};
}

Result<void> add_pre_tokenizer(const std::string& type, const json& node, PreTokenizer& pre) {
  if (pre.byte_level)
    return fail(ErrorKind::unsupported, "a pre-tokenizer ({}) after ByteLevel", type);
  if (type == "ByteLevel") return add_byte_level(pre, node);
  if (type == "Split") return add_pattern_split(pre, node);
  if (type == "Metaspace") return add_metaspace(pre, node);
  if (type == "Digits") {
    TRY_ASSIGN(const bool each, flag_of(node, "individual_digits", false));
    return add_split(pre, R"(\p{N})", each ? SplitBehaviour::isolated : SplitBehaviour::contiguous,
                     false);
  }
  if (type == "Punctuation") {
    TRY_ASSIGN(const SplitBehaviour behaviour, behaviour_of(node, "Isolated"));
    return add_split(pre, R"([\p{P}$+<=>^`|~])", behaviour, false);
  }
  if (type == "Whitespace") return add_split(pre, R"(\w+|[^\w\s]+)", SplitBehaviour::removed, true);
  if (type == "WhitespaceSplit") return add_split(pre, R"(\s)", SplitBehaviour::removed, false);
  return unsupported("pre_tokenizer", type);
}

Result<void> add_strip(const json& node, Decoder& decoder, bool fused) {
  TRY_ASSIGN(decoder.strip, text_of(node, "content", " "));
  const json start = node.value("start", json(0));
  const json stop = node.value("stop", json(0));
  if (!fused || stop != 0 || !start.is_number_unsigned() || start > 64 || decoder.strip.empty())
    return fail(ErrorKind::unsupported, "the decoder Strip elsewhere than at the start of a text");
  decoder.strip_count = start.get<size_t>();
  return {};
}

Result<void> add_replacement(const json& node, Decoder& decoder) {
  TRY_ASSIGN(const Pattern pattern, pattern_of(node));
  if (pattern.regex) return fail(ErrorKind::unsupported, "a decoder that replaces by a regex");
  TRY_ASSIGN(std::string content, text_of(node, "content", ""));
  decoder.replacements.push_back({pattern.text, std::move(content)});
  return {};
}

Result<void> add_metaspace_decoder(const json& node, Decoder& decoder) {
  TRY_ASSIGN(const std::string mark, text_of(node, "replacement", std::string(kMetaspace)));
  TRY_ASSIGN(const bool legacy_prefix, flag_of(node, "add_prefix_space", true));
  TRY_ASSIGN(const std::string scheme,
             text_of(node, "prepend_scheme", legacy_prefix ? "always" : "never"));
  if (mark.empty()) return fail(ErrorKind::invalid, "an empty Metaspace \"replacement\"");
  decoder.replacements.push_back({mark, " "});
  decoder.strip = std::string(kSpace);
  decoder.strip_count = scheme == "never" ? 0 : 1;
  return {};
}

// The ids that a template's special token stands for.
Result<std::vector<TokenId>> template_ids(const json& node, const std::string& name) {
  std::vector<TokenId> ids;
  const auto table = node.find("special_tokens");
  const bool known = table != node.end() && table->is_object() && table->contains(name) &&
                     (*table)[name].is_object() && (*table)[name].contains("ids") &&
                     (*table)[name]["ids"].is_array();
  if (!known)
    return fail(ErrorKind::invalid, "the template's '{}' is not among its special_tokens", name);
  for (const json& id : (*table)[name]["ids"]) {
    const auto token = id_of(id);
    if (!token) return fail(ErrorKind::invalid, "the template's '{}' has an id that is none", name);
    ids.push_back(*token);
  }
  return ids;
}

Result<void> read_template(const json& node, Template& out) {
  const auto single = node.find("single");
  if (single == node.end() || !single->is_array())
    return fail(ErrorKind::invalid, "a TemplateProcessing without its list \"single\"");
  out.present = true;
  bool before = true;
  for (const json& part : *single) {
    if (part.is_object() && part.contains("Sequence")) {
      before = false;
      continue;
    }
    if (!part.is_object() || !part.contains("SpecialToken"))
      return fail(ErrorKind::invalid, "a template part that is neither Sequence nor SpecialToken");
    TRY_ASSIGN(const std::string name, text_of(part["SpecialToken"], "id", ""));
    TRY_ASSIGN(const std::vector<TokenId> ids, template_ids(node, name));
    auto& side = before ? out.prefix : out.suffix;
    side.insert(side.end(), ids.begin(), ids.end());
  }
  return {};
}

}  // namespace

Result<bool> flag_of(const json& object, const char* key, bool absent) {
  if (!object.is_object()) return fail(ErrorKind::invalid, "not an object where one should be");
  const auto value = object.find(key);
  if (value == object.end() || value->is_null()) return absent;
  if (!value->is_boolean())
    return fail(ErrorKind::invalid, "\"{}\" is neither true nor false", key);
  return value->get<bool>();
}

std::optional<TokenId> id_of(const json& value) {
  if (!value.is_number_integer() || value < 0 || value > INT32_MAX) return std::nullopt;
  return value.get<TokenId>();
}

Result<std::string> text_of(const json& object, const char* key, std::string absent) {
  if (!object.is_object()) return fail(ErrorKind::invalid, "not an object where one should be");
  const auto value = object.find(key);
  if (value == object.end() || value->is_null()) return absent;
  if (!value->is_string()) return fail(ErrorKind::invalid, "\"{}\" is no string", key);
  return value->get<std::string>();
}

Result<std::vector<TextEdit>> read_normalizer(const json& node) {
  std::vector<TextEdit> edits;
  TRY(each_step(node, "normalizers", 0, [&](const std::string& type, const json& step) {
    return add_normalizer(type, step, edits);
  }));
  return edits;
}

Result<PreTokenizer> read_pre_tokenizer(const json& node) {
  PreTokenizer pre;
  TRY(each_step(node, "pretokenizers", 0, [&](const std::string& type, const json& step) {
    return add_pre_tokenizer(type, step, pre);
  }));
  return pre;
}

Result<Decoder> read_decoder(const json& node) {
  Decoder decoder;
  bool fused = false;
  TRY(each_step(node, "decoders", 0,
                [&](const std::string& type, const json& step) -> Result<void> {
                  if (type == "Replace") return add_replacement(step, decoder);
                  if (type == "Metaspace") return add_metaspace_decoder(step, decoder);
                  if (type == "Strip") return add_strip(step, decoder, fused);
                  if (type == "ByteFallback") {
                    decoder.byte_fallback = true;
                  } else if (type == "Fuse") {
                    fused = true;
                  } else if (type != "ByteLevel") {
                    return unsupported("decoder", type);
                  }
                  return {};
                }));
  return decoder;
}

Result<Template> read_post_processor(const json& node) {
  Template out;
  TRY(each_step(node, "processors", 0,
                [&](const std::string& type, const json& step) -> Result<void> {
                  if (type == "TemplateProcessing") return read_template(step, out);
                  if (type == "ByteLevel") return {};  // only moves offsets
                  return unsupported("post_processor", type);
                }));
  return out;
}

}  // namespace mill::tok
