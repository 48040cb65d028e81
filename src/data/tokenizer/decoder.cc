#include "data/tokenizer/decoder.h"

#include <charconv>

namespace mill::tok {

int byte_of_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  int byte = -1;
  const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
  return error == std::errc{} && end == token.data() + 5 && byte >= 0 ? byte : -1;
}

namespace {

std::string replaced(std::string_view text, const Decoder::Replacement& replacement) {
  std::string out;
  size_t from = 0;
  for (size_t at = text.find(replacement.from); at != std::string_view::npos;
       at = text.find(replacement.from, from)) {
    out.append(text.substr(from, at - from)).append(replacement.to);
    from = at + replacement.from.size();
  }
  return out.append(text.substr(from));
}

}  // namespace

void Decoder::append(std::string_view token, std::string& out) const {
  if (const int byte = byte_fallback ? byte_of_token(token) : -1; byte >= 0) {
    out += static_cast<char>(byte);
    return;
  }
  if (replacements.empty()) {
    out += token;
    return;
  }
  std::string text(token);
  for (const Replacement& replacement : replacements) text = replaced(text, replacement);
  out += text;
}

void Decoder::strip_front(std::string& text) const {
  size_t at = 0;
  for (size_t i = 0; i < strip_count && std::string_view(text).substr(at).starts_with(strip); ++i)
    at += strip.size();
  text.erase(0, at);
}

}  // namespace mill::tok
