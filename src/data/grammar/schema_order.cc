// An object's properties, one after another: which may come next, and how many there may be.

#include <algorithm>

#include "data/grammar/schema_writer.h"

namespace mill::grammar {
namespace {

constexpr uint64_t kNodesMax = 400'000;
constexpr uint64_t kMoreMax = 256;  // properties beyond the named ones, where they are counted

}  // namespace

// How far properties are counted: up to `limit`, where more are the same (or none are allowed).
// Without limits it is enough to know whether there has been one, for the comma.
struct SchemaWriter::Counting {
  uint64_t limit = 1;
  uint64_t least = 0;
  bool closed = false;  // at the limit nothing may be added
  Form form;
};

Result<SchemaWriter::Counting> SchemaWriter::counting_of(const Leaf& leaf,
                                                         const std::vector<Member>& members,
                                                         bool more) const {
  const auto required =
      static_cast<uint64_t>(std::ranges::count_if(members, [](auto& it) { return it.required; }));
  const bool low = leaf.properties.min > required;
  const bool high =
      leaf.properties.max != CountRange::kNone && (more || leaf.properties.max < members.size());
  Counting out;
  if (low) out.least = leaf.properties.min;
  const uint64_t room = std::max<uint64_t>(members.size() + kMoreMax, leaf.properties.min);
  if (high) out.limit = std::max<uint64_t>(std::min(leaf.properties.max, room), 1);
  if (!high && low) out.limit = out.least;
  out.closed = high;
  // Two names that no schema names might be the same one, so that only the first surely counts.
  if (more && out.least > members.size() + 1)
    return source_.index.refuse(leaf.objects.empty() ? nullptr : leaf.objects[0],
                                ErrorKind::unsupported,
                                "'minProperties' above the number of named properties + 1");
  if ((members.size() + 2) * (out.limit + 1) > kNodesMax)
    return source_.index.refuse(leaf.objects.empty() ? nullptr : leaf.objects[0],
                                ErrorKind::exhausted,
                                "'minProperties' or 'maxProperties' is too large");
  return out;
}

// Node c of a row: c properties so far. A row for each named property, in order: it comes (and the
// count goes up) or, if it is not required, it does not. Then as many others as there may be.
Result<void> SchemaWriter::write_object(NodeId from, const Leaf& leaf, const Form& form,
                                        NodeId to) {
  if (leaf.properties.empty()) return {};
  TRY_ASSIGN(const std::vector<Member> members, members_of(leaf, form));
  TRY_ASSIGN(const std::vector<RuleId> more, more_names_of(leaf, members, form));
  TRY_ASSIGN(Counting counting, counting_of(leaf, members, !more.empty()));
  counting.form = form;
  const bool none = leaf.properties.max == 0;
  const NodeId close = builder_.node();
  builder_.literal(close, form.close, to);
  Row row = new_row(counting);
  mark(from, form, form.open, row[0]);
  for (const Member& member : members) {
    const Row next = new_row(counting);
    if (!member.required)
      for (size_t c = 0; c < row.size(); ++c) builder_.skip(row[c], next[c]);
    for (size_t c = 0; c < row.size() && !none; ++c)
      write_property(row, c, {member.rule}, counting, next);
    row = next;
  }
  const Row others = new_row(counting);
  for (size_t c = 0; c < row.size() && !none; ++c) {
    if (c + 1 >= counting.least) write_property(row, c, more, counting, others);
    if (c > 0) write_property(others, c, more, counting, others);
  }
  const RuleId blank = form.arguments ? nothing_rule() : blank_rule();
  for (size_t c = 0; c < row.size(); ++c) {
    if (c >= counting.least) builder_.call(row[c], c == 0 ? nothing_rule() : blank, close);
    if (c > 0) builder_.call(others[c], blank, close);
  }
  return {};
}

void SchemaWriter::mark(NodeId from, const Form& form, std::string_view text, NodeId to) {
  if (form.arguments) return builder_.literal(from, text, to);
  punctuate(from, text[0], to);
}

SchemaWriter::Row SchemaWriter::new_row(const Counting& counting) {
  Row row(counting.limit + 1);
  for (NodeId& node : row) node = builder_.node();
  return row;
}

// One of the properties, from row[c] to the next row.
void SchemaWriter::write_property(const Row& row, size_t c, const std::vector<RuleId>& properties,
                                  const Counting& counting, const Row& next) {
  if (c == counting.limit && counting.closed) return;
  if (properties.empty()) return;
  NodeId begin = row[c];
  if (c > 0) {
    begin = builder_.node();
    mark(row[c], counting.form, counting.form.comma, begin);
  }
  for (const RuleId property : properties)
    builder_.call(begin, property, next[std::min<uint64_t>(c + 1, counting.limit)]);
}

RuleId SchemaWriter::nothing_rule() {
  const auto [at, fresh] = shared_.try_emplace("nothing", 0);
  if (!fresh) return at->second;
  at->second = builder_.rule("nothing");
  builder_.skip(builder_.start(at->second), builder_.end(at->second));
  return at->second;
}

}  // namespace mill::grammar
