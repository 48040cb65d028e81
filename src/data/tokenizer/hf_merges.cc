#include "data/tokenizer/hf_merges.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace mill::tok {
namespace {

using Ids = std::unordered_map<std::string_view, TokenId>;

struct Candidate {
  double score = 0;
  TokenId joint = -1, left = -1, right = -1;
  std::string_view text;  // of the joint
  size_t cut = 0;         // where its right part begins
};

void add_splits(const ScoredPiece& piece, const Ids& ids, std::vector<Candidate>& out) {
  for (size_t at = 1; at < piece.text.size(); ++at) {
    const auto left = ids.find(piece.text.substr(0, at)), right = ids.find(piece.text.substr(at));
    if (left != ids.end() && right != ids.end())
      out.push_back({piece.score, piece.id, left->second, right->second, piece.text, at});
  }
}

}  // namespace

MergePairs merges_of_scores(const std::vector<ScoredPiece>& pieces) {
  Ids ids;
  ids.reserve(pieces.size());
  for (const ScoredPiece& piece : pieces) ids.emplace(piece.text, piece.id);
  std::vector<Candidate> found;
  for (const ScoredPiece& piece : pieces) add_splits(piece, ids, found);
  std::ranges::sort(
      found, {}, [](const Candidate& c) { return std::tuple(-c.score, c.joint, c.left, c.right); });
  MergePairs merges;
  merges.reserve(found.size());
  for (const Candidate& c : found)
    merges.emplace_back(c.text.substr(0, c.cut), c.text.substr(c.cut));
  return merges;
}

}  // namespace mill::tok
