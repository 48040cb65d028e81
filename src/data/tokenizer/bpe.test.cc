#include "data/tokenizer/bpe.h"

#include <doctest/doctest.h>

#include <map>
#include <random>

namespace mill::tok {
namespace {

// A random vocabulary over the bytes a…d whose merges are known both as a table and as a map.
struct World {
  Vocab vocab;
  Bpe bpe;
  std::map<std::pair<TokenId, TokenId>, Merge> merges;

  explicit World(uint32_t seed) {
    std::mt19937 random(seed);
    constexpr size_t kMerges = 40;
    vocab.reserve(4 + kMerges, 1000);
    bpe.options.byte_level = true;
    bpe.byte_tokens.fill(-1);
    bpe.merges.reserve(kMerges);
    for (TokenId id = 0; id < 4; ++id) {
      const std::string text(1, static_cast<char>('a' + id));
      REQUIRE(vocab.set(id, text));
      vocab.index(id);
      bpe.byte_tokens[static_cast<uint8_t>(text[0])] = id;
    }
    for (uint32_t rank = 0; rank < kMerges; ++rank) {
      const auto left = static_cast<TokenId>(random() % vocab.size());
      const auto right = static_cast<TokenId>(random() % vocab.size());
      const std::string text = std::string(vocab.text(left)) + std::string(vocab.text(right));
      if (vocab.find(text) >= 0 || text.size() > 12) continue;
      const auto id = static_cast<TokenId>(vocab.size());
      REQUIRE(vocab.set(id, text));
      vocab.index(id);
      bpe.merges.add(left, right, {rank, id});
      merges[{left, right}] = {rank, id};
    }
  }

  // The definition, word for word.
  std::vector<TokenId> naive(std::string_view word) const {
    std::vector<TokenId> tokens;
    for (const char letter : word) tokens.push_back(letter - 'a');
    while (true) {
      Merge best;
      size_t at = 0;
      for (size_t i = 0; i + 1 < tokens.size(); ++i) {
        const auto found = merges.find({tokens[i], tokens[i + 1]});
        if (found == merges.end() || found->second.rank >= best.rank) continue;
        best = found->second;
        at = i;
      }
      if (best.id < 0) return tokens;
      tokens[at] = best.id;
      tokens.erase(tokens.begin() + static_cast<ptrdiff_t>(at) + 1);
    }
  }
};

}  // namespace

TEST_CASE("merging, short words and long ones, is what the definition says") {
  std::mt19937 random(1);
  for (uint32_t seed = 0; seed < 40; ++seed) {
    const World world(seed);
    std::vector<Symbol> scratch;
    for (const size_t size : {1U, 2U, 3U, 7U, 31U, 32U, 33U, 34U, 100U, 400U}) {
      std::string word;
      for (size_t i = 0; i < size; ++i) word += static_cast<char>('a' + random() % (1 + seed % 4));
      std::vector<TokenId> tokens;
      world.bpe.encode(world.vocab, word, scratch, tokens);
      CHECK(tokens == world.naive(word));
    }
  }
}

TEST_CASE("a higher score is a lower rank, equal scores are equal") {
  const std::vector<float> descending = {1e30F, 3, 0.5F, 0, -1e-30F, -1, -2, -1e30F};
  for (size_t i = 0; i + 1 < descending.size(); ++i)
    CHECK(Bpe::rank_of_score(descending[i]) < Bpe::rank_of_score(descending[i + 1]));
  CHECK(Bpe::rank_of_score(0.0F) == Bpe::rank_of_score(-0.0F));
}

}  // namespace mill::tok
