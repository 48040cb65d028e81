#pragma once
// The vocabulary as a tree of bytes, in the order of a walk through it, so that a walk is one loop
// over arrays and "not this way" is one jump.
//
//   node  0: ""   1: "a" (token 7)   2: "ab" (token 9)   3: "b" (token 8)
//   depth 0       1                  2                   1
//   past  4       3                  3                   4      the first node behind the subtree

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data/tokenizer/tokenizer.h"

namespace mill::llm {

class TokenTrie {
 public:
  // Tokens without bytes (control tokens) are not in it. `ends`: those that end a generation.
  TokenTrie(std::vector<std::string> pieces, std::vector<TokenId> ends);
  static TokenTrie of(const Tokenizer&, size_t vocab_size);

  size_t size() const { return bytes_.size(); }
  uint8_t byte(size_t node) const { return bytes_[node]; }
  uint32_t depth(size_t node) const { return depths_[node]; }
  uint32_t past(size_t node) const { return pasts_[node]; }
  // Which groups of bytes there are below the node; a group has up to two printable characters.
  uint64_t groups_below(size_t node) const { return groups_[node]; }
  static uint32_t group_of(uint8_t byte);

  std::span<const TokenId> tokens(size_t node) const { return range(node, node + 1); }
  std::span<const TokenId> tokens_below(size_t node) const { return range(node, pasts_[node]); }

  size_t vocab_size() const { return pieces_.size(); }
  const std::string& piece(TokenId token) const { return pieces_[static_cast<size_t>(token)]; }
  const std::vector<TokenId>& ends() const { return ends_; }
  uint32_t longest() const { return longest_; }  // bytes of a token

 private:
  std::span<const TokenId> range(size_t from, size_t to) const {
    return std::span(tokens_).subspan(first_[from], first_[to] - first_[from]);
  }
  void add_node(uint8_t byte, std::vector<uint32_t>& path);
  void close_below(size_t depth, std::vector<uint32_t>& path);

  std::vector<std::string> pieces_;
  std::vector<TokenId> ends_;
  std::vector<uint8_t> bytes_;
  std::vector<uint32_t> depths_, pasts_;
  std::vector<uint64_t> groups_;
  std::vector<uint32_t> first_;  // (nodes + 1): the tokens of node n are first_[n] … first_[n + 1]
  std::vector<TokenId> tokens_;
  uint32_t longest_ = 0;
};

}  // namespace mill::llm
