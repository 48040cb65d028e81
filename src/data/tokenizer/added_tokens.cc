#include "data/tokenizer/added_tokens.h"

#include <utf8proc.h>

#include "data/tokenizer/utf8.h"

namespace mill::tok {
namespace {

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

// \w: letters, marks, numbers, connectors and the joiners.
bool is_word(char32_t c) {
  if (c == 0x200C || c == 0x200D) return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

// Where the last character of a text that is not empty begins.
size_t last_begin(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

bool ends_in_word(std::string_view text) {
  return !text.empty() && is_word(first_code_point(text.substr(last_begin(text))).value);
}

bool begins_with_word(std::string_view text) {
  return !text.empty() && is_word(first_code_point(text).value);
}

size_t without_trailing_space(std::string_view text) {
  while (!text.empty()) {
    const size_t last = last_begin(text);
    if (!is_space(first_code_point(text.substr(last)).value)) break;
    text = text.substr(0, last);
  }
  return text.size();
}

size_t leading_space(std::string_view text) {
  size_t size = 0;
  while (size < text.size()) {
    const CodePoint point = first_code_point(text.substr(size));
    if (!is_space(point.value)) break;
    size += point.size;
  }
  return size;
}

}  // namespace

uint32_t AddedTokens::child_of(uint32_t node, uint8_t byte) const {
  if (node == 0) return first_[byte];
  uint32_t child = nodes_[node].child;
  while (child != 0 && nodes_[child].byte != byte) child = nodes_[child].sibling;
  return child;
}

uint32_t AddedTokens::grow_child(uint32_t node, uint8_t byte) {
  if (const uint32_t child = child_of(node, byte); child != 0) return child;
  const auto grown = static_cast<uint32_t>(nodes_.size());
  nodes_.push_back({byte, 0, node == 0 ? 0 : nodes_[node].child, -1});
  (node == 0 ? first_[byte] : nodes_[node].child) = grown;
  return grown;
}

void AddedTokens::add(AddedToken token) {
  if (token.content.empty()) return;
  uint32_t node = 0;
  for (const char byte : token.content) node = grow_child(node, static_cast<uint8_t>(byte));
  nodes_[node].token = static_cast<int32_t>(tokens_.size());
  tokens_.push_back(std::move(token));
}

TokenId AddedTokens::find(std::string_view content) const {
  uint32_t node = 0;
  for (const char byte : content) {
    node = child_of(node, static_cast<uint8_t>(byte));
    if (node == 0) return -1;
  }
  const int32_t token = nodes_[node].token;
  return token < 0 ? -1 : tokens_[static_cast<size_t>(token)].id;
}

const AddedToken* AddedTokens::longest_at(std::string_view text, size_t at,
                                          bool parse_special) const {
  const AddedToken* longest = nullptr;
  uint32_t node = 0;
  for (; at < text.size(); ++at) {
    node = child_of(node, static_cast<uint8_t>(text[at]));
    if (node == 0) break;
    if (nodes_[node].token < 0) continue;
    const AddedToken& token = tokens_[static_cast<size_t>(nodes_[node].token)];
    if (parse_special || !token.special) longest = &token;
  }
  return longest;
}

std::optional<AddedTokens::Match> AddedTokens::next(std::string_view text, size_t from,
                                                    bool parse_special) const {
  for (size_t at = from; at < text.size(); ++at) {
    if (first_[static_cast<uint8_t>(text[at])] == 0) continue;
    const AddedToken* token = longest_at(text, at, parse_special);
    if (token == nullptr) continue;
    size_t end = at + token->content.size();
    if (token->single_word &&
        (ends_in_word(text.substr(0, at)) || begins_with_word(text.substr(end)))) {
      at = end - 1;
      continue;
    }
    size_t begin = at;
    if (token->lstrip) begin = from + without_trailing_space(text.substr(from, at - from));
    if (token->rstrip) end += leading_space(text.substr(end));
    return Match{begin, end, token->id};
  }
  return std::nullopt;
}

}  // namespace mill::tok
