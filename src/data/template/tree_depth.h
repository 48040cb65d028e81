#pragma once
// How deep a tree goes below a node. The parser bounds it, so that the evaluator's recursion and
// the destructors' are bounded too: a + b + c + … is a deep tree without a bracket.

#include <algorithm>
#include <type_traits>

#include "data/template/ast.h"

namespace mill::jinja::tree_depth {

inline int depth(const ExpressionPtr& expression) { return expression ? expression->depth : 0; }
inline int depth(const Expressions& list) {
  int deepest = 0;
  for (const auto& expression : list) deepest = std::max(deepest, depth(expression));
  return deepest;
}
template <class First>
int depth(const std::vector<std::pair<First, ExpressionPtr>>& list) {
  int deepest = 0;
  for (const auto& [first, second] : list) {
    deepest = std::max(deepest, depth(second));
    if constexpr (std::is_same_v<First, ExpressionPtr>) deepest = std::max(deepest, depth(first));
  }
  return deepest;
}
inline int depth(const CallArguments& a) {
  return std::max(
      {depth(a.positional), depth(a.named), depth(a.more_positional), depth(a.more_named)});
}

inline int below(const Literal&) { return 0; }
inline int below(const Name&) { return 0; }
inline int below(const ListExpression& n) { return depth(n.items); }
inline int below(const DictExpression& n) { return depth(n.items); }
inline int below(const Negation& n) { return depth(n.operand); }
inline int below(const BinaryExpression& n) { return std::max(depth(n.left), depth(n.right)); }
inline int below(const Logic& n) { return std::max(depth(n.left), depth(n.right)); }
inline int below(const Not& n) { return depth(n.operand); }
inline int below(const CompareExpression& n) { return std::max(depth(n.first), depth(n.rest)); }
inline int below(const Concatenation& n) { return depth(n.parts); }
inline int below(const Conditional& n) {
  return std::max({depth(n.then), depth(n.condition), depth(n.otherwise)});
}
inline int below(const Attribute& n) { return depth(n.object); }
inline int below(const Item& n) { return std::max(depth(n.object), depth(n.key)); }
inline int below(const Slice& n) {
  return std::max({depth(n.object), depth(n.start), depth(n.stop), depth(n.step)});
}
inline int below(const FilterExpression& n) {
  return std::max(depth(n.subject), depth(n.arguments));
}
inline int below(const TestExpression& n) { return std::max(depth(n.subject), depth(n.arguments)); }
inline int below(const Call& n) { return std::max(depth(n.callee), depth(n.arguments)); }

}  // namespace mill::jinja::tree_depth
