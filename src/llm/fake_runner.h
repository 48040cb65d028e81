#pragma once
// For tests: a Runner whose arithmetic is hashing. Like the real one it keeps something for every
// position in the blocks that it is told, and reads everything before a position through the block
// table. So a wrong table, a stale block, a block that two sequences write to or a token that was
// not recomputed shows as other logits.

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "llm/generation.h"
#include "llm/runner.h"
#include "llm/sample/random.h"

namespace mill::llm {

struct FakeShape {
  uint32_t vocab = 64, context = 192, blocks = 64, batch_tokens = 96;
  // 0: every token matters as much as any other. Else what comes next hangs mostly on the last so
  // many tokens, so that answers repeat themselves and can be guessed.
  uint32_t memory = 0;
};

class FakeRunner : public Runner {
 public:
  explicit FakeRunner(FakeShape shape)
      : shape_(shape), cache_(size_t{shape.blocks} * kBlockTokens), tokens_(cache_.size()) {}

  uint32_t vocab_size() const override { return shape_.vocab; }
  uint32_t context_max() const override { return shape_.context; }
  uint32_t block_count() const override { return shape_.blocks; }
  uint32_t batch_tokens_max() const override { return shape_.batch_tokens; }

  void step(std::span<const BatchPiece> batch, std::span<float> logits) override {
    size_t tokens = 0;
    hidden_.clear();
    for (const BatchPiece& piece : batch) {
      tokens += piece.tokens.size();
      ASSERT(piece.logits <= piece.tokens.size());
      for (uint32_t i = 0; i < piece.tokens.size(); ++i) {
        write(piece, i);
        if (piece.tokens.size() - i > piece.logits) continue;
        const uint64_t state = read(piece, piece.position + i);
        fill(logits.first(shape_.vocab), state);
        if (shape_.memory > 0) repeat(piece, piece.position + i, logits.first(shape_.vocab));
        hidden_.resize(hidden_.size() + kHiddenWidth);
        fill(std::span(hidden_).last(kHiddenWidth), state ^ 1);
        logits = logits.subspan(shape_.vocab);
      }
    }
    ASSERT(tokens > 0 && tokens <= shape_.batch_tokens && logits.empty(), tokens);
  }
  void copy(std::span<const BlockCopy> copies) override {
    for (const BlockCopy& it : copies) {
      std::copy_n(&cache_[at(it.from)], kBlockTokens, &cache_[at(it.to)]);
      std::copy_n(&tokens_[at(it.from)], kBlockTokens, &tokens_[at(it.to)]);
    }
  }
  std::span<const float> hidden() const override { return hidden_; }

 private:
  static constexpr size_t kHiddenWidth = 8;

  static size_t at(BlockId block) { return size_t{block} * kBlockTokens; }
  size_t place(const BatchPiece& piece, uint32_t position) const {
    ASSERT(position / kBlockTokens < piece.blocks.size() && position < shape_.context, position);
    const BlockId block = piece.blocks[position / kBlockTokens];
    return at(block) + position % kBlockTokens;
  }
  uint64_t& slot(const BatchPiece& piece, uint32_t position) {
    return cache_[place(piece, position)];
  }

  // As keys and values do, what is kept depends on the token and on all before it.
  void write(const BatchPiece& piece, uint32_t i) {
    const uint32_t position = piece.position + i;
    const uint64_t before = position == 0 ? 0 : slot(piece, position - 1);
    tokens_[place(piece, position)] = piece.tokens[i];
    slot(piece, position) =
        splitmix(before + (static_cast<uint64_t>(piece.tokens[i]) << 32) + position);
  }

  uint64_t read(const BatchPiece& piece, uint32_t position) {
    uint64_t state = 1;
    for (uint32_t i = 0; i <= position; ++i) state = splitmix(state + slot(piece, i));
    return state;
  }

  // What the last tokens say, and a trace of all the others.
  void repeat(const BatchPiece& piece, uint32_t position, std::span<float> row) const {
    uint64_t state = 2;
    for (uint32_t i = 0; i < std::min(shape_.memory, position + 1); ++i)
      state = splitmix(state + static_cast<uint64_t>(tokens_[place(piece, position - i)]) + 1);
    std::vector<float> said(row.size());
    fill(said, state);
    for (size_t i = 0; i < row.size(); ++i) row[i] = 2 * said[i] + 0x1p-4F * row[i];
  }

  static void fill(std::span<float> row, uint64_t state) {
    for (size_t i = 0; i < row.size(); ++i)
      row[i] = static_cast<float>(splitmix(state + i) >> 40) * 0x1p-21F;  // 0 … 8
  }

  FakeShape shape_;
  std::vector<uint64_t> cache_;  // (blocks, kBlockTokens)
  std::vector<TokenId> tokens_;  // the same
  std::vector<float> hidden_;    // (rows of logits, kHiddenWidth)
};

// Token 0 ends the answer; the others are letters, spaces and parts of characters.
inline Vocabulary fake_vocabulary() {
  return {.piece = [](TokenId token) -> std::string {
            static const std::vector<std::string> parts = {"",         "\xC3", "\xA9", "\xF0\x9F",
                                                           "\x98\x80", "\xFF", "the ", "\n\n",
                                                           "é",        " x",   "<|",   "|>"};
            const auto i = static_cast<size_t>(token);
            return i < parts.size() ? parts[i] : std::string(1, static_cast<char>('A' + i % 26));
          },
          .ends_generation = [](TokenId token) { return token == 0; }};
}

}  // namespace mill::llm
