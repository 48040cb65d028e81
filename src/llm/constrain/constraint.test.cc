#include "llm/constrain/constraint.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "data/grammar/spec.h"
#include "llm/constrain/reference.h"

namespace mill::llm {
namespace {

std::shared_ptr<const TokenTrie> trie_of(std::vector<std::string> pieces) {
  std::vector<TokenId> ends = {0};  // token 0 ends; it has no bytes
  pieces.insert(pieces.begin(), "");
  return std::make_shared<const TokenTrie>(std::move(pieces), std::move(ends));
}

grammar::GrammarPtr compiled(const grammar::Spec& spec) {
  auto out = grammar::compile(spec);
  REQUIRE_MESSAGE(out, (out ? "" : out.error().message));
  return *out;
}

std::vector<TokenId> allowed(const TokenMask& mask, size_t vocab) {
  std::vector<TokenId> out;
  for (size_t i = 0; i < vocab; ++i)
    if (mask.has(static_cast<TokenId>(i))) out.push_back(static_cast<TokenId>(i));
  return out;
}

// Single bytes, and words of a small alphabet.
std::vector<std::string> small_vocabulary(std::mt19937& random) {
  std::vector<std::string> pieces;
  for (const char c : reference::kAlphabet) pieces.emplace_back(1, c);
  for (int i = 0; i < 30; ++i) {
    std::string word;
    for (size_t n = 1 + random() % 5; n > 0; --n)
      word += reference::kAlphabet[random() % reference::kAlphabet.size()];
    pieces.push_back(word);
  }
  pieces.push_back(pieces.back());  // two tokens may be spelt alike
  return pieces;
}

}  // namespace

TEST_CASE("the tree of tokens has every token once, in its place") {
  const TokenTrie trie({"", "b", "ab", "a", "abc", "", "ab", "é"}, {0});
  CHECK(trie.longest() == 3);
  CHECK(trie.size() == 1 + 3 + 1 + 2);
  std::vector<std::string> seen;
  std::vector<char> path(4);
  for (size_t node = 1; node < trie.size(); ++node) {
    path[trie.depth(node) - 1] = static_cast<char>(trie.byte(node));
    for (const TokenId token : trie.tokens(node)) {
      CHECK(trie.piece(token) == std::string(path.begin(), path.begin() + trie.depth(node)));
      seen.push_back(trie.piece(token));
    }
  }
  CHECK(seen == std::vector<std::string>{"a", "ab", "ab", "abc", "b", "é"});
  CHECK(trie.tokens_below(0).size() == 6);
  CHECK(trie.past(1) == 4);
}

// For random grammars and random texts: a token is allowed exactly where the reference says that
// the text and its bytes can go on, and the end exactly where the text is complete.
TEST_CASE("masks are those of a recogniser that tries everything") {
  size_t checked = 0, ends = 0, refused = 0;
  for (uint32_t seed = 0; seed < 600; ++seed) {
    std::mt19937 random(seed);
    const reference::Language language = reference::random_language(random);
    const auto grammar = language.grammar();
    if (!grammar) {  // a start that never ends
      ++refused;
      continue;
    }
    const auto trie = trie_of(small_vocabulary(random));
    const auto cache = std::make_shared<MaskCache>(*grammar, trie);
    Constraint constraint(cache);
    for (int step = 0; step < 8; ++step) {
      CAPTURE(seed);
      CAPTURE(constraint.text());
      const reference::Ways ways = language.read(constraint.text());
      if (ways.size() > 400) break;  // too many for the reference
      const TokenMask mask = constraint.mask();
      for (TokenId token = 1; static_cast<size_t>(token) < trie->vocab_size(); ++token) {
        const bool viable = !language.read_on(ways, trie->piece(token)).empty();
        REQUIRE_MESSAGE(mask.has(token) == viable, trie->piece(token));
        ++checked;
      }
      REQUIRE(mask.has(0) == language.accepts(ways));
      ends += mask.has(0);
      auto tokens = allowed(mask, trie->vocab_size());
      std::erase(tokens, 0);
      if (tokens.empty()) break;
      REQUIRE(constraint.advance(tokens[random() % tokens.size()]));
    }
  }
  CHECK(checked > 40'000);
  CHECK(ends > 200);
  CHECK(refused < 200);
}

TEST_CASE("tokens that split characters") {
  const auto trie = trie_of({"\xC3", "\xA9", "\xBC", "é", "\xF0\x9F", "\x98\x80", "a\xC3", "\xFF"});
  const auto cache = std::make_shared<MaskCache>(compiled(grammar::regex("a?[éü😀]")), trie);
  Constraint constraint(cache);
  CHECK(allowed(constraint.mask(), 9) == std::vector<TokenId>{1, 4, 5, 7});
  REQUIRE(constraint.advance(7));
  CHECK(allowed(constraint.mask(), 9) == std::vector<TokenId>{2, 3});
  REQUIRE(constraint.advance(3));
  CHECK(constraint.text() == "aü");
  CHECK(constraint.must_end());
  CHECK(allowed(constraint.mask(), 9) == std::vector<TokenId>{0});
  CHECK(!constraint.advance(1));
}

TEST_CASE("whatever is drawn, the answer is complete within its tokens") {
  const auto grammar = compiled(grammar::json_object());
  std::vector<std::string> pieces;
  for (int byte = 0; byte < 256; ++byte) pieces.emplace_back(1, static_cast<char>(byte));
  for (const char* more : {"{\"", "\":", "[[[[", "{\"a\":{\"b\":", "true", "\"]}"})
    pieces.emplace_back(more);
  const auto trie = trie_of(pieces);
  const auto cache = std::make_shared<MaskCache>(grammar, trie);
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    Constraint constraint(cache);
    auto left = static_cast<uint32_t>(2 + random() % 40);
    while (left > 0 && !constraint.must_end()) {
      const TokenMask mask = constraint.mask();
      const auto tokens = allowed(mask, trie->vocab_size());
      TokenId token = tokens[random() % tokens.size()];
      if (!constraint.can_finish_after(token, left)) {
        const auto ending = allowed(constraint.mask_to_finish(left), trie->vocab_size());
        REQUIRE(!ending.empty());
        token = ending[random() % ending.size()];
      }
      REQUIRE(constraint.advance(token));
      --left;
    }
    CHECK_MESSAGE(!grammar::Json::parse(constraint.text(), nullptr, false).is_discarded(),
                  constraint.text());
  }
}

TEST_CASE("a vocabulary that cannot spell the text leaves nothing") {
  const auto cache =
      std::make_shared<MaskCache>(compiled(grammar::literal("xy")), trie_of({"x", "z"}));
  Constraint constraint(cache);
  REQUIRE(constraint.advance(1));
  CHECK(constraint.mask().count() == 0);
}

TEST_CASE("a token that is asked about alone is allowed where the mask has it") {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    const auto grammar = reference::random_language(random).grammar();
    if (!grammar) continue;
    const auto trie = trie_of(small_vocabulary(random));
    Constraint constraint = Constraints(trie).start(*grammar);
    for (int step = 0; step < 12; ++step) {
      const TokenMask mask = constraint.mask();
      for (size_t i = 0; i < trie->vocab_size(); ++i)
        CHECK(constraint.allows(static_cast<TokenId>(i)) == mask.has(static_cast<TokenId>(i)));
      const auto next = allowed(mask, trie->vocab_size());
      if (next.empty()) break;
      const TokenId token = next[random() % next.size()];
      if (token == 0) break;
      REQUIRE(constraint.advance(token));
    }
  }
}

TEST_CASE("a token that reaches beyond where free text ends must go on as the grammar does") {
  const auto grammar = compiled(
      grammar::sequence({grammar::until({"<b>"}),
                         grammar::choice({grammar::literal(""), grammar::literal("<b>[true]")})}));
  const auto trie = trie_of({"<", "b>[", "b>!", "a<b", "x", ">[t", ">", "rue]"});
  Constraint constraint = Constraints(trie).start(grammar);
  const auto take = [&](TokenId token) { REQUIRE(constraint.advance(token)); };
  for (const TokenId token : {1, 2, 3, 4, 5}) CHECK(constraint.allows(token));
  take(1);
  CHECK(allowed(constraint.mask(), 9) == std::vector<TokenId>{0, 1, 2, 4, 5, 6, 7, 8});
  take(4);
  CHECK(allowed(constraint.mask(), 9) == std::vector<TokenId>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  take(6);
  CHECK_FALSE(constraint.may_end());
  CHECK(allowed(constraint.mask(), 9) == std::vector<TokenId>{8});
}

}  // namespace mill::llm
