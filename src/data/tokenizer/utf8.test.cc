#include "data/tokenizer/utf8.h"

#include <doctest/doctest.h>

#include <random>

#include "data/tokenizer/tokenizer.h"

namespace mill {

TEST_CASE("broken bytes become one U+FFFD for each part that could have begun a character") {
  const auto check = [](std::string_view bytes, std::string_view text) {
    CHECK(tok::repaired(bytes) == text);
    CHECK(tok::is_utf8(bytes) == (bytes == text));
  };
  check("plain, twenty letters", "plain, twenty letters");
  check("é字😀", "é字😀");
  check("\xE4\xBD", "\uFFFD");  // cut
  check(
      "\xE4\xBD"
      "A",
      "\uFFFDA");
  check("\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD");  // a surrogate
  check("\xC0\xAF", "\uFFFD\uFFFD");            // overlong
  check("\xF0\x9F\x98", "\uFFFD");
  check("\xF0\x80\x80", "\uFFFD\uFFFD\uFFFD");
  check("\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD");  // above U+10FFFF
  check(
      "a\xFF"
      "b\x80",
      "a\uFFFDb\uFFFD");
}

TEST_CASE("a code point survives writing and reading") {
  for (const char32_t value : {0x41U, 0x7FU, 0x80U, 0x7FFU, 0x800U, 0xFFFDU, 0x10000U, 0x10FFFFU}) {
    std::string text;
    tok::append_utf8(text, value);
    const tok::CodePoint point = tok::first_code_point(text);
    CHECK(point.valid);
    CHECK(point.value == value);
    CHECK(point.size == text.size());
  }
}

TEST_CASE("a stream gives the same text however its bytes are split, and only whole characters") {
  std::mt19937 random(7);
  const std::vector<std::string> parts = {
      "a", "é", "字", "😀", "\xE4", "\xF0\x9F", "\xF0\x90", "\xFF", "\xED\xA0", "\x80", "\xC3"};
  for (int round = 0; round < 3000; ++round) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += parts[random() % parts.size()];
    Utf8Stream stream;
    std::string text;
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = std::min<size_t>(random() % 4, bytes.size() - at);
      const std::string out = stream.feed(std::string_view(bytes).substr(at, size));
      CHECK(tok::is_utf8(out));
      text += out;
      at += size;
    }
    text += stream.finish();
    CHECK(text == tok::repaired(bytes));
  }
}

TEST_CASE("a stream does not hold back what is complete") {
  Utf8Stream stream;
  CHECK(stream.feed("ab\xF0\x9F\x98") == "ab");
  CHECK(stream.feed("\x80") == "😀");
  CHECK(stream.feed("\xE4\xBD") == "");
  CHECK(stream.finish() == "\uFFFD");
  CHECK(stream.finish() == "");
}

}  // namespace mill
