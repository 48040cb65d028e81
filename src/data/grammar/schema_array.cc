#include <algorithm>

#include "data/grammar/schema_writer.h"

namespace mill::grammar {
namespace {

constexpr size_t kUniqueMax = 200;  // values of a set that is written in its schema's order
constexpr size_t kPrefixMax = 10'000;

// Before draft 2020-12, "items" was the prefix if it was a list, and "additionalItems" the rest.
const Json* prefix_of(const Json& schema) {
  const Json* items = member(schema, "items");
  return items != nullptr && items->is_array() ? items : member(schema, "prefixItems");
}

const Json* rest_of(const Json& schema) {
  const Json* items = member(schema, "items");
  return items != nullptr && items->is_array() ? member(schema, "additionalItems") : items;
}

size_t prefix_length(const Leaf& leaf) {
  size_t length = leaf.contains.size();
  for (const Json* schema : leaf.arrays)
    if (const Json* prefix = prefix_of(*schema); prefix != nullptr && prefix->is_array())
      length = std::max(length, prefix->size());
  return std::max<size_t>(length, 1);
}

uint32_t as_count(uint64_t count) {
  return count >= kForever ? kForever : static_cast<uint32_t>(count);
}

}  // namespace

// What the item at a position must be; what "contains" wants comes first.
Conjunction SchemaWriter::item_at(const Leaf& leaf, size_t position) const {
  Conjunction all;
  for (const Json* schema : leaf.arrays) {
    const Json* prefix = prefix_of(*schema);
    const bool in_prefix = prefix != nullptr && prefix->is_array() && position < prefix->size();
    const Json* item = in_prefix ? &(*prefix)[position] : rest_of(*schema);
    if (item != nullptr) all.push_back({item});
  }
  if (position < leaf.contains.size()) all.push_back({leaf.contains[position].value});
  return all;
}

//   "[" blank [ item { "," blank item } blank ] "]", each of the first items with a rule of its own
Result<void> SchemaWriter::write_array(NodeId from, const Leaf& leaf, NodeId to) {
  if (leaf.items.empty()) return {};
  if (leaf.unique != nullptr && leaf.items.max > 1) {
    TRY_ASSIGN(const bool written, write_unique(from, leaf, to));
    if (written) return {};
    return source_.index.refuse(
        leaf.unique, ErrorKind::unsupported,
        "'uniqueItems' is supported for items from a list of values ('enum') only");
  }
  const size_t prefix = prefix_length(leaf);
  if (prefix > kPrefixMax || leaf.items.min >= kForever)
    return source_.index.refuse(leaf.arrays.empty() ? nullptr : leaf.arrays[0],
                                ErrorKind::exhausted, "the array is too long");
  const NodeId close = builder_.node();
  builder_.bytes(close, ']', ']', to);
  NodeId at = builder_.node();
  punctuate(from, '[', at);
  if (leaf.items.min == 0) builder_.skip(at, close);
  for (size_t i = 0; i < prefix && i < leaf.items.max; ++i) {
    const NodeId item = i == 0 ? at : builder_.node();
    if (i > 0) punctuate(at, ',', item);
    at = builder_.node();
    builder_.call(item, rule_for(item_at(leaf, i)), at);
    if (i + 1 >= leaf.items.min) builder_.call(at, blank_rule(), close);
  }
  if (leaf.items.max <= prefix) return {};
  const RuleId more = builder_.rule("further items");
  const NodeId item = builder_.node(), last = builder_.node();
  punctuate(builder_.start(more), ',', item);
  builder_.call(item, rule_for(item_at(leaf, prefix)), builder_.end(more));
  const uint64_t least = std::max<uint64_t>(leaf.items.min, prefix + 1) - prefix;
  const uint64_t most =
      leaf.items.max == CountRange::kNone ? CountRange::kNone : leaf.items.max - prefix;
  builder_.repeat(at, {.body = more, .min = as_count(least), .max = as_count(most), .next = last});
  builder_.call(last, blank_rule(), close);
  return {};
}

// Items from a list of values, none twice: in the order of the list. Node (i, n): of the first i
// values n have been taken.
Result<bool> SchemaWriter::write_unique(NodeId from, const Leaf& leaf, NodeId to) {
  if (prefix_length(leaf) > 1 || !leaf.contains.empty()) return false;
  TRY_ASSIGN(const std::vector<Leaf> leaves, expander_.leaves(item_at(leaf, 0)));
  std::vector<const Json*> values;
  for (const Leaf& one : leaves) {
    if (!one.values) return false;
    for (const Json* value : *one.values)
      if (std::ranges::none_of(values, [&](const Json* it) { return same_value(*it, *value); }))
        values.push_back(value);
  }
  if (values.size() > kUniqueMax) return false;
  const size_t most = std::min<uint64_t>(leaf.items.max, values.size());
  const NodeId close = builder_.node(), open = builder_.node();
  punctuate(from, '[', open);
  builder_.bytes(close, ']', ']', to);
  std::vector<NodeId> taken(most + 1);
  for (NodeId& node : taken) node = builder_.node();
  builder_.skip(open, taken[0]);
  for (const Json* value : values) {
    std::vector<NodeId> next(most + 1);
    for (NodeId& node : next) node = builder_.node();
    for (size_t n = 0; n <= most; ++n) {
      builder_.skip(taken[n], next[n]);
      if (n == most) continue;
      const NodeId begin = n == 0 ? taken[n] : builder_.node();
      if (n > 0) punctuate(taken[n], ',', begin);
      for (const std::string& text : texts_of(*value)) builder_.literal(begin, text, next[n + 1]);
    }
    taken = std::move(next);
  }
  for (size_t n = leaf.items.min; n <= most; ++n) builder_.call(taken[n], blank_rule(), close);
  return true;
}

}  // namespace mill::grammar
