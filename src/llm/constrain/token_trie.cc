#include "llm/constrain/token_trie.h"

#include <algorithm>

namespace mill::llm {

uint32_t TokenTrie::group_of(uint8_t byte) {
  if (byte < 0x20) return 62;
  return byte >= 0x80 ? 63 : (byte - 0x20U) / 2;
}

TokenTrie TokenTrie::of(const Tokenizer& tokenizer, size_t vocab_size) {
  std::vector<std::string> pieces(vocab_size);
  std::vector<TokenId> ends;
  for (size_t i = 0; i < std::min(vocab_size, tokenizer.vocab_size()); ++i) {
    const auto token = static_cast<TokenId>(i);
    if (tokenizer.ends_generation(token))
      ends.push_back(token);
    else
      pieces[i] = tokenizer.piece(token);
  }
  return {std::move(pieces), std::move(ends)};
}

TokenTrie::TokenTrie(std::vector<std::string> pieces, std::vector<TokenId> ends)
    : pieces_(std::move(pieces)), ends_(std::move(ends)) {
  std::vector<TokenId> order;
  for (size_t i = 0; i < pieces_.size(); ++i)
    if (!pieces_[i].empty()) order.push_back(static_cast<TokenId>(i));
  std::ranges::stable_sort(order, {}, [&](TokenId id) -> std::string_view { return piece(id); });
  std::vector<uint32_t> path;  // the nodes of the token before
  add_node(0, path);
  std::string_view before;
  for (const TokenId token : order) {
    const std::string_view text = piece(token);
    const auto shared = static_cast<size_t>(std::ranges::mismatch(text, before).in1 - text.begin());
    close_below(shared, path);
    for (size_t i = shared; i < text.size(); ++i) add_node(static_cast<uint8_t>(text[i]), path);
    tokens_.push_back(token);
    longest_ = std::max(longest_, static_cast<uint32_t>(text.size()));
    before = text;
  }
  close_below(0, path);
  pasts_[0] = static_cast<uint32_t>(size());
  first_.push_back(static_cast<uint32_t>(tokens_.size()));
}

// The next node in the order of the walk, below the last one of the path.
void TokenTrie::add_node(uint8_t byte, std::vector<uint32_t>& path) {
  for (const uint32_t above : path) groups_[above] |= uint64_t{1} << group_of(byte);
  bytes_.push_back(byte);
  depths_.push_back(static_cast<uint32_t>(path.size()));
  pasts_.push_back(0);
  groups_.push_back(0);
  first_.push_back(static_cast<uint32_t>(tokens_.size()));
  path.push_back(static_cast<uint32_t>(size() - 1));
}

// Nothing more comes below the path's nodes that are deeper than this.
void TokenTrie::close_below(size_t depth, std::vector<uint32_t>& path) {
  for (; path.size() > depth + 1; path.pop_back())
    pasts_[path.back()] = static_cast<uint32_t>(size());
}

}  // namespace mill::llm
