#include <algorithm>

#include "data/template/access.h"
#include "data/template/code_points.h"
#include "data/template/filter_functions.h"
#include "data/template/operators.h"
#include "data/template/ordering.h"
#include "data/template/runtime.h"

namespace mill::jinja {

Result<Value> filter_default(Runtime& runtime, const Value& self, const Bound& given) {
  if (!self.is_undefined() && !(given.flag(1, false) && !truthy(self))) return self;
  return given.has(0) ? given[0] : runtime.text("");
}

Result<Value> filter_attr(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const auto name, text_argument(runtime, given[0], "name"));
  const bool entry_only = self.as<Dict>() != nullptr && self.as<Dict>()->find(name) != nullptr;
  TRY_ASSIGN(const Value found, attribute(runtime, self, name));
  if (entry_only && found.as<Callable>() == nullptr)
    return Value::undefined("a dict has no attribute '" + std::string(name) + "'");
  return found;
}

Result<Value> filter_length(Runtime& runtime, const Value& self, const Bound&) {
  if (const Text* text = self.as<Text>()) TRY(runtime.charge_bytes(text->utf8.size()));
  if (const auto count = length(self)) return Value(*count);
  return runtime.fail("object of type '{}' has no length", type_name(self));
}

Result<Value> filter_list(Runtime& runtime, const Value& self, const Bound&) {
  TRY_ASSIGN(const auto items, elements(runtime, self));
  return runtime.list(items->items);
}

Result<Value> filter_items(Runtime& runtime, const Value& self, const Bound&) {
  std::vector<Value> pairs;
  if (self.is_undefined()) return runtime.iterator({});
  const Dict* dict = self.as<Dict>();
  if (dict == nullptr) return runtime.fail("can only get item pairs from a mapping");
  for (const auto& [key, value] : dict->items()) {
    TRY_ASSIGN(pairs.emplace_back(), runtime.tuple({key, value}));
  }
  return runtime.iterator(std::move(pairs));
}

Result<Value> filter_first(Runtime& runtime, const Value& self, const Bound&) {
  if (const auto iterator = self.shared<Iterator>()) {
    const auto& items = iterator->source->items;
    if (iterator->next < items.size()) return items[iterator->next++];
    return Value::undefined("no first item, the sequence was empty");
  }
  TRY_ASSIGN(const auto items, elements(runtime, self));
  if (items->items.empty()) return Value::undefined("no first item, the sequence was empty");
  return items->items.front();
}

Result<Value> filter_last(Runtime& runtime, const Value& self, const Bound&) {
  if (self.as<Iterator>() != nullptr || self.is_undefined())
    return runtime.fail("'{}' object is not reversible", type_name(self));
  TRY_ASSIGN(const auto items, elements(runtime, self));
  if (items->items.empty()) return Value::undefined("no last item, the sequence was empty");
  return items->items.back();
}

Result<Value> filter_reverse(Runtime& runtime, const Value& self, const Bound&) {
  TRY_ASSIGN(const auto items, elements(runtime, self));
  std::vector<Value> backwards(items->items.rbegin(), items->items.rend());
  if (const Text* text = self.as<Text>()) {
    std::string out;
    for (const Value& character : backwards) out += character.as<Text>()->utf8;
    return runtime.text(std::move(out), text->safe);
  }
  // Python's list(...) for what cannot be reversed, an iterator for what can.
  if (self.as<Iterator>() != nullptr || self.is_undefined())
    return runtime.list(std::move(backwards));
  return runtime.iterator(std::move(backwards));
}

Result<Value> filter_sort(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const auto items, elements(runtime, self));
  const bool any_case = !given.flag(1, false);
  TRY_ASSIGN(std::vector<Keyed> rows, keyed(runtime, items->items, any_case, [&](const Value& v) {
               return sort_key(runtime, v, given[2]);
             }));
  TRY(sort(runtime, rows, given.flag(0, false)));
  return runtime.list(values_of(std::move(rows)));
}

Result<Value> filter_dictsort(Runtime& runtime, const Value& self, const Bound& given) {
  const Dict* dict = self.as<Dict>();
  if (dict == nullptr) return runtime.fail("dictsort needs a mapping, not {}", type_name(self));
  const std::string_view by = !given.has(1)         ? "key"
                              : given[1].as<Text>() ? std::string_view(given[1].as<Text>()->utf8)
                                                    : "";
  if (by != "key" && by != "value")
    return runtime.fail("dictsort sorts by either \"key\" or \"value\"");
  std::vector<Value> pairs;
  for (const auto& [key, value] : dict->items()) {
    TRY_ASSIGN(pairs.emplace_back(), runtime.tuple({key, value}));
  }
  const std::size_t part = by == "key" ? 0 : 1;
  TRY_ASSIGN(std::vector<Keyed> rows,
             keyed(runtime, pairs, !given.flag(0, false), [&](const Value& pair) -> Result<Value> {
               return pair.as<Sequence>()->items[part];
             }));
  TRY(sort(runtime, rows, given.flag(2, false)));
  return runtime.list(values_of(std::move(rows)));
}

Result<Value> filter_unique(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const auto items, elements(runtime, self));
  TRY_ASSIGN(const std::vector<Keyed> rows,
             keyed(runtime, items->items, !given.flag(0, false),
                   [&](const Value& v) { return path(runtime, v, given[1]); }));
  Dict seen;
  std::vector<Value> kept;
  for (const Keyed& row : rows) {
    TRY(runtime.check_key(row.key));
    TRY(runtime.charge(seen.search_steps()));
    if (seen.find(row.key) != nullptr) continue;
    TRY(runtime.put(seen, row.key, Value()));
    kept.push_back(row.value);
  }
  return runtime.iterator(std::move(kept));
}

namespace {

Result<Value> extreme(Runtime& runtime, const Value& self, const Bound& given, bool largest) {
  TRY_ASSIGN(const auto items, elements(runtime, self));
  TRY_ASSIGN(const std::vector<Keyed> rows,
             keyed(runtime, items->items, !given.flag(0, false),
                   [&](const Value& v) { return path(runtime, v, given[1]); }));
  if (rows.empty()) return Value::undefined("no aggregated item, the sequence was empty");
  const Keyed* best = &rows[0];
  for (const Keyed& row : rows) {
    if (&row == best) continue;
    TRY_ASSIGN(const bool better,
               largest ? less(runtime, best->key, row.key) : less(runtime, row.key, best->key));
    if (better) best = &row;
  }
  return best->value;
}

}  // namespace

Result<Value> filter_max(Runtime& runtime, const Value& self, const Bound& given) {
  return extreme(runtime, self, given, true);
}
Result<Value> filter_min(Runtime& runtime, const Value& self, const Bound& given) {
  return extreme(runtime, self, given, false);
}

Result<Value> filter_groupby(Runtime& runtime, const Value& self, const Bound& given) {
  const auto key_of = [&](const Value& v) -> Result<Value> {
    TRY_ASSIGN(Value key, path(runtime, v, given[0]));
    return key.is_undefined() && given.some(1) ? given[1] : key;
  };
  TRY_ASSIGN(const auto items, elements(runtime, self));
  TRY_ASSIGN(std::vector<Keyed> rows, keyed(runtime, items->items, !given.flag(2, false), key_of));
  TRY(sort(runtime, rows, false));
  std::vector<Value> groups;
  for (std::size_t begin = 0; begin < rows.size();) {
    std::vector<Value> members;
    std::size_t end = begin;
    for (bool same = true; same;) {
      members.push_back(rows[end++].value);
      if (end == rows.size()) break;
      TRY_ASSIGN(same, equal(runtime, rows[begin].key, rows[end].key));
    }
    TRY_ASSIGN(const Value key, key_of(members[0]));
    TRY_ASSIGN(const Value list, runtime.list(std::move(members)));
    TRY_ASSIGN(groups.emplace_back(), runtime.tuple({key, list}));
    begin = end;
  }
  return runtime.list(std::move(groups));
}

namespace {

Result<std::int64_t> positive(Runtime& runtime, const Value& value, std::string_view name) {
  TRY_ASSIGN(const std::int64_t count, integer_argument(runtime, value, name));
  if (count <= 0 || count > kRangeMax)
    return runtime.fail("{} must be between 1 and {}, not {}", name, kRangeMax, count);
  return count;
}

}  // namespace

Result<Value> filter_batch(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const auto items, elements(runtime, self));
  TRY_ASSIGN(const std::int64_t size, positive(runtime, given[0], "linecount"));
  std::vector<Value> batches;
  for (std::size_t begin = 0; begin < items->items.size();) {
    const std::size_t end = std::min(begin + static_cast<std::size_t>(size), items->items.size());
    std::vector<Value> batch(items->items.begin() + static_cast<std::ptrdiff_t>(begin),
                             items->items.begin() + static_cast<std::ptrdiff_t>(end));
    if (given.some(1)) batch.resize(static_cast<std::size_t>(size), given[1]);
    TRY_ASSIGN(batches.emplace_back(), runtime.list(std::move(batch)));
    begin = end;
  }
  return runtime.iterator(std::move(batches));
}

Result<Value> filter_slice(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const auto items, elements(runtime, self));
  TRY_ASSIGN(const std::int64_t wanted, positive(runtime, given[0], "slices"));
  const auto slices = static_cast<std::size_t>(wanted);
  const std::size_t base = items->items.size() / slices, longer = items->items.size() % slices;
  std::vector<Value> columns;
  auto next = items->items.begin();
  for (std::size_t i = 0; i < slices; ++i) {
    const auto end = next + static_cast<std::ptrdiff_t>(base + (i < longer ? 1 : 0));
    std::vector<Value> column(next, end);
    if (given.some(1) && i >= longer) column.push_back(given[1]);
    TRY_ASSIGN(columns.emplace_back(), runtime.list(std::move(column)));
    next = end;
  }
  return runtime.iterator(std::move(columns));
}

}  // namespace mill::jinja
