#include "data/tokenizer/utf8.h"

#include <cstring>

#include "data/tokenizer/tokenizer.h"

namespace mill::tok {
namespace {

// What may follow a lead byte: how many bytes, and the range of the first of them (the rest are
// 80…BF). Table 3-7 of the Unicode Standard.
struct Lead {
  uint8_t follow = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
};

Lead lead_of(uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {1};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {2};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {3};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {};
}

size_t ascii_prefix(std::string_view text) {
  size_t size = 0;
  for (uint64_t word; size + sizeof word <= text.size(); size += sizeof word) {
    std::memcpy(&word, text.data() + size, sizeof word);
    if ((word & 0x8080808080808080U) != 0) break;
  }
  while (size < text.size() && static_cast<uint8_t>(text[size]) < 0x80) ++size;
  return size;
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  const auto first = static_cast<uint8_t>(text[0]);
  if (first < 0x80) return {first, 1, true, false};
  Lead lead = lead_of(first);
  if (lead.follow == 0) return {};
  char32_t value = first & (0x3FU >> lead.follow);
  for (uint8_t i = 1; i <= lead.follow; ++i) {
    if (i == text.size()) return {0xFFFD, i, false, true};
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte < lead.low || byte > lead.high) return {0xFFFD, i, false, false};
    lead.low = 0x80;
    lead.high = 0xBF;
    value = value << 6 | (byte & 0x3FU);
  }
  return {value, static_cast<uint8_t>(lead.follow + 1), true, false};
}

bool is_utf8(std::string_view text) {
  while (true) {
    text.remove_prefix(ascii_prefix(text));
    if (text.empty()) return true;
    const CodePoint point = first_code_point(text);
    if (!point.valid) return false;
    text.remove_prefix(point.size);
  }
}

std::string repaired(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    out += point.valid ? text.substr(0, point.size) : kReplacement;
    text.remove_prefix(point.size);
  }
  return out;
}

void append_utf8(std::string& out, char32_t value) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (value < 0x80) return put(value);
  if (value < 0x800) {
    put(0xC0 | value >> 6);
  } else if (value < 0x10000) {
    put(0xE0 | value >> 12);
    put(0x80 | (value >> 6 & 0x3F));
  } else {
    put(0xF0 | value >> 18);
    put(0x80 | (value >> 12 & 0x3F));
    put(0x80 | (value >> 6 & 0x3F));
  }
  put(0x80 | (value & 0x3F));
}

}  // namespace mill::tok

namespace mill {

std::string Utf8Stream::feed(std::string_view bytes) {
  pending_ += bytes;
  std::string_view rest = pending_;
  std::string out;
  while (!rest.empty()) {
    const tok::CodePoint point = tok::first_code_point(rest);
    if (point.cut) break;
    out += point.valid ? rest.substr(0, point.size) : tok::kReplacement;
    rest.remove_prefix(point.size);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return out;
}

std::string Utf8Stream::finish() {
  std::string out = tok::repaired(pending_);
  pending_.clear();
  return out;
}

}  // namespace mill
