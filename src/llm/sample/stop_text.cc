#include "llm/sample/stop_text.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace mill::llm {
namespace {

std::vector<size_t> fallbacks(std::string_view text) {
  std::vector<size_t> fallback(text.size(), 0);
  size_t length = 0;
  for (size_t i = 1; i < text.size(); ++i) {
    while (length > 0 && text[i] != text[length]) length = fallback[length - 1];
    length += text[i] == text[length];
    fallback[i] = length;
  }
  return fallback;
}

}  // namespace

StopText::StopText(const std::vector<std::string>& stops) {
  for (const std::string& text : stops) {
    ASSERT(!text.empty());
    stops_.push_back({.text = text, .fallback = fallbacks(text)});
  }
}

bool StopText::Stop::advance(char byte) {
  while (length > 0 && byte != text[length]) length = fallback[length - 1];
  length += byte == text[length];
  return length == text.size();
}

// One more byte of text. On a match, cuts the longest complete stop string off what is held.
bool StopText::advance(char byte) {
  held_ += byte;
  size_t longest = 0;
  for (Stop& stop : stops_)
    if (stop.advance(byte)) longest = std::max(longest, stop.length);
  held_.resize(held_.size() - longest);
  return longest > 0;
}

std::string StopText::feed(std::string_view text) {
  for (char byte : text) {
    if (matched_) return "";
    matched_ = advance(byte);
    if (matched_) return std::exchange(held_, {});
  }
  size_t open = 0;  // bytes that the longest beginning of a stop string has
  for (const Stop& stop : stops_) open = std::max(open, stop.length);
  std::string out = held_.substr(0, held_.size() - open);
  held_.erase(0, out.size());
  return out;
}

std::string StopText::pass(std::string_view text) {
  if (matched_) return "";
  for (Stop& stop : stops_) stop.length = 0;
  return finish().append(text);
}

std::string StopText::finish() { return std::exchange(held_, {}); }

}  // namespace mill::llm
