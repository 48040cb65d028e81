#include "data/tokenizer/bpe.h"

#include <algorithm>
#include <bit>
#include <queue>

#include "base/assert.h"
#include "data/tokenizer/hash.h"
#include "data/tokenizer/utf8.h"

namespace mill::tok {

void MergeTable::reserve(size_t merges) {
  slots_.assign(std::bit_ceil(std::max<size_t>(merges * 2, 2)), Slot{});
}

size_t MergeTable::slot_of(uint64_t pair) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = hash_of(pair) & mask;
  while (slots_[slot].pair != kEmpty && slots_[slot].pair != pair) slot = (slot + 1) & mask;
  return slot;
}

void MergeTable::add(TokenId left, TokenId right, Merge merge) {
  const uint64_t pair = static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
  Slot& slot = slots_[slot_of(pair)];
  if (slot.pair == kEmpty) slot = {pair, merge};
}

Merge MergeTable::find(TokenId left, TokenId right) const {
  if (left < 0 || right < 0 || slots_.empty()) return {};
  const uint64_t pair = static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
  return slots_[slot_of(pair)].merge;  // an empty slot holds no merge
}

// One word on its way: what two neighbours may become.
struct Bpe::Word {
  const Bpe& bpe;
  const Vocab& vocab;
  std::string_view text;

  Merge merge_of(const Symbol& left, const Symbol& right) const {
    if (bpe.options.rule == Rule::pairs) return bpe.merges.find(left.id, right.id);
    const TokenId id = vocab.find(text.substr(left.begin, left.size + right.size));
    if (id < 0) return {};
    return {bpe.score_ranks[static_cast<size_t>(id)], id};
  }

  void merge_short(std::vector<Symbol>& symbols) const;
  void merge_long(std::vector<Symbol>& symbols) const;
};

namespace {

// Below this many symbols, looking at all pairs each time beats a heap.
constexpr size_t kShortWord = 32;

void join(Symbol& left, const Symbol& right, TokenId id) {
  left.size += right.size;
  left.id = id;
}

}  // namespace

void Bpe::Word::merge_short(std::vector<Symbol>& symbols) const {
  std::array<Merge, kShortWord> pairs;  // pairs[i]: of symbols i and i + 1
  size_t count = symbols.size() - 1;
  for (size_t i = 0; i < count; ++i) pairs[i] = merge_of(symbols[i], symbols[i + 1]);
  while (count > 0) {
    const auto by_rank = [](const Merge& a, const Merge& b) { return a.rank < b.rank; };
    const auto end = pairs.begin() + static_cast<ptrdiff_t>(count);
    const auto best = std::min_element(pairs.begin(), end, by_rank);
    if (best->rank == UINT32_MAX) return;
    const auto at = static_cast<size_t>(best - pairs.begin());
    join(symbols[at], symbols[at + 1], best->id);
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(at) + 1);
    std::copy(best + 1, end, best);
    --count;
    if (at < count) pairs[at] = merge_of(symbols[at], symbols[at + 1]);
    if (at > 0) pairs[at - 1] = merge_of(symbols[at - 1], symbols[at]);
  }
}

// Candidates wait in a heap; a symbol that was swallowed has size 0. A candidate is stale if its
// two symbols no longer make up exactly its text: symbols only ever grow, so comparing sizes
// suffices.
void Bpe::Word::merge_long(std::vector<Symbol>& symbols) const {
  struct Candidate {
    uint64_t order;  // rank, then position: the smallest is next
    uint32_t size;
    TokenId id;
    bool operator>(const Candidate& other) const { return order > other.order; }
  };
  const auto count = static_cast<uint32_t>(symbols.size());
  std::vector<uint32_t> next(count), previous(count);
  std::vector<Candidate> storage;
  storage.reserve(count);
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue({},
                                                                               std::move(storage));
  const auto consider = [&](uint32_t left) {
    if (next[left] >= count) return;
    const Symbol& right = symbols[next[left]];
    const Merge merge = merge_of(symbols[left], right);
    if (merge.rank == UINT32_MAX) return;
    const uint64_t order = static_cast<uint64_t>(merge.rank) << 32 | left;
    queue.push({order, symbols[left].size + right.size, merge.id});
  };
  for (uint32_t i = 0; i < count; ++i) {
    next[i] = i + 1;
    previous[i] = i - 1;  // of the first: UINT32_MAX, past any end
  }
  for (uint32_t i = 0; i < count; ++i) consider(i);
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    const auto left = static_cast<uint32_t>(top.order);
    const uint32_t right = next[left];
    if (symbols[left].size == 0 || right >= count) continue;
    if (symbols[left].size + symbols[right].size != top.size) continue;
    join(symbols[left], symbols[right], top.id);
    symbols[right].size = 0;
    next[left] = next[right];
    if (next[left] < count) previous[next[left]] = left;
    consider(left);
    if (previous[left] < count) consider(previous[left]);
  }
  std::erase_if(symbols, [](const Symbol& symbol) { return symbol.size == 0; });
}

void Bpe::encode(const Vocab& vocab, std::string_view word, std::vector<Symbol>& scratch,
                 std::vector<TokenId>& out) const {
  ASSERT(word.size() < UINT32_MAX, word.size());
  if (options.ignore_merges) {
    const TokenId whole = vocab.find(word);
    if (whole >= 0 && !vocab.special(whole)) return out.push_back(whole);
  }
  scratch.clear();
  start(vocab, word, scratch);
  if (scratch.empty()) return;
  const Word state{*this, vocab, word};
  if (scratch.size() <= kShortWord)
    state.merge_short(scratch);
  else
    state.merge_long(scratch);
  for (const Symbol& symbol : scratch) emit(symbol, word, out);
}

void Bpe::start(const Vocab& vocab, std::string_view word, std::vector<Symbol>& symbols) const {
  for (uint32_t at = 0; at < word.size();) {
    Symbol symbol{at, 1, -1};
    if (options.byte_level) {
      symbol.id = byte_tokens[static_cast<uint8_t>(word[at])];
    } else {
      symbol.size = first_code_point(word.substr(at)).size;
      symbol.id = vocab.find(word.substr(at, symbol.size));
    }
    if (symbol.id >= 0 || options.rule == Rule::scores)
      symbols.push_back(symbol);
    else
      start_unknown(word, symbol, symbols);
    at += symbol.size;
  }
}

// Rule pairs: the bytes or the unknown token take their places before the merging begins.
void Bpe::start_unknown(std::string_view word, Symbol symbol, std::vector<Symbol>& symbols) const {
  const std::string_view text = word.substr(symbol.begin, symbol.size);
  const auto token = [&](char byte) { return byte_tokens[static_cast<uint8_t>(byte)]; };
  if (options.byte_fallback &&
      std::all_of(text.begin(), text.end(), [&](char byte) { return token(byte) >= 0; })) {
    for (const char byte : text) symbols.push_back({symbol.begin++, 1, token(byte)});
    return;
  }
  if (options.unknown < 0) return;
  symbol.id = options.unknown;
  if (options.fuse_unknown && !symbols.empty() && symbols.back().id == options.unknown)
    symbols.back().size += symbol.size;
  else
    symbols.push_back(symbol);
}

// Rule scores: what is still unknown after the merging becomes bytes or the unknown token.
void Bpe::emit(const Symbol& symbol, std::string_view word, std::vector<TokenId>& out) const {
  if (symbol.id >= 0) return out.push_back(symbol.id);
  const std::string_view text = word.substr(symbol.begin, symbol.size);
  const auto token = [&](char byte) { return byte_tokens[static_cast<uint8_t>(byte)]; };
  if (options.byte_fallback &&
      std::all_of(text.begin(), text.end(), [&](char byte) { return token(byte) >= 0; })) {
    for (const char byte : text) out.push_back(token(byte));
    return;
  }
  if (options.unknown < 0) return;
  const bool again = symbol.begin != 0 && !out.empty() && out.back() == options.unknown;
  if (!(options.fuse_unknown && again)) out.push_back(options.unknown);
}

// A float's bits order like the number once the sign is folded in: flipped for negative numbers,
// the sign bit set for the others. The complement makes higher scores lower ranks.
uint32_t Bpe::rank_of_score(float score) {
  const auto bits = std::bit_cast<uint32_t>(score + 0.0F);  // -0 becomes +0
  const uint32_t ascending = (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
  return ~ascending;
}

}  // namespace mill::tok
