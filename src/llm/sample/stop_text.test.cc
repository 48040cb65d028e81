#include "llm/sample/stop_text.h"

#include <doctest/doctest.h>

#include <random>

namespace mill::llm {
namespace {

TEST_CASE("only what could still become a stop string is held back") {
  StopText text({"\n\n", "END"});
  CHECK(text.feed("a E") == "a ");
  CHECK(text.feed("N") == "");
  CHECK(text.feed("x") == "ENx");
  CHECK(text.feed("\n") == "");
  CHECK(text.feed("EN") == "\n");
  CHECK(text.finish() == "EN");
}

TEST_CASE("a stop string ends the text, however it is cut") {
  StopText text({"STOP"});
  CHECK(text.feed("abcS") == "abc");
  CHECK(text.feed("STO") == "S");
  CHECK(text.feed("Pdef") == "");
  CHECK(text.matched());
  CHECK(text.feed("more") == "");
  CHECK(text.finish() == "");
}

TEST_CASE("the first complete match wins, of several at one place the longest") {
  StopText nested({"bcd", "c"});
  CHECK(nested.feed("abcd") == "ab");
  StopText suffix({"c", "bc"});
  CHECK(suffix.feed("abcd") == "a");
  StopText repeated({"aab"});
  CHECK(repeated.feed("aaab") == "a");
}

// Looks at every prefix of the text, shortest first.
std::string obvious(const std::string& text, const std::vector<std::string>& stops) {
  for (size_t end = 1; end <= text.size(); ++end) {
    size_t longest = 0;
    for (const std::string& stop : stops)
      if (std::string_view(text).substr(0, end).ends_with(stop))
        longest = std::max(longest, stop.size());
    if (longest > 0) return text.substr(0, end - longest);
  }
  return text;
}

TEST_CASE("random texts, stops and cuts agree with the obvious way") {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto word = [&](size_t least, size_t most) {
      std::string it(least + random() % (most - least + 1), 'a');
      for (char& c : it) c = static_cast<char>('a' + random() % 2);
      return it;
    };
    std::vector<std::string> stops;
    for (size_t i = random() % 4; i > 0; --i) stops.push_back(word(1, 6));
    const std::string text = word(0, 40);
    StopText matcher(stops);
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const size_t length = 1 + random() % 5;
      out += matcher.feed(std::string_view(text).substr(at, length));
      at += length;
    }
    out += matcher.finish();
    REQUIRE(out == obvious(text, stops));
    REQUIRE(matcher.matched() == (obvious(text, stops) != text));
  }
}

TEST_CASE("what is passed holds no stop string, and ends what was held back") {
  StopText stop({"END"});
  CHECK(stop.feed("a EN") == "a ");
  CHECK(stop.pass("D and END, E") == "END and END, E");
  CHECK(stop.feed("ND") == "ND");
  CHECK_FALSE(stop.matched());
  CHECK(stop.feed("EEND!") == "E");
  CHECK(stop.matched());
  CHECK(stop.pass("more") == "");
}

}  // namespace
}  // namespace mill::llm
