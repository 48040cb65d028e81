#include "data/template/ordering.h"

#include <algorithm>
#include <bit>

#include "data/template/access.h"
#include "data/template/code_points.h"
#include "data/template/merge_sort.h"
#include "data/template/operators.h"
#include "data/template/runtime.h"

namespace mill::jinja {

Result<Value> case_folded(Runtime& runtime, Value key) {
  if (const Text* text = key.as<Text>()) return runtime.text(to_lower(text->utf8));
  const Sequence* parts = key.as<Sequence>();
  if (parts == nullptr || parts->title != kSortKeyTitle) return key;
  std::vector<Value> folded;
  for (const Value& part : parts->items) {
    TRY_ASSIGN(folded.emplace_back(), case_folded(runtime, part));
  }
  return runtime.list(std::move(folded));
}

Result<Value> sort_key(Runtime& runtime, const Value& value, const Value& attributes) {
  const Text* text = attributes.as<Text>();
  if (text == nullptr || text->utf8.find(',') == std::string::npos)
    return path(runtime, value, attributes);
  std::vector<Value> parts;
  for (std::size_t begin = 0; begin <= text->utf8.size();) {
    const std::size_t comma = std::min(text->utf8.find(',', begin), text->utf8.size());
    TRY_ASSIGN(parts.emplace_back(),
               path(runtime, value, Value::text(text->utf8.substr(begin, comma - begin))));
    begin = comma + 1;
  }
  return runtime.list(std::move(parts), Shape::list, std::string(kSortKeyTitle));
}

Result<void> sort(Runtime& runtime, std::vector<Keyed>& rows, bool reverse) {
  TRY(runtime.charge(rows.size() * std::bit_width(rows.size())));
  Result<void> outcome;
  const auto before = [&](const Keyed& a, const Keyed& b) {
    if (!outcome) return false;
    const auto result = reverse ? less(runtime, b.key, a.key) : less(runtime, a.key, b.key);
    if (!result) outcome = std::unexpected(result.error());
    return result.value_or(false);
  };
  merge_sort(rows, before);
  return outcome;
}

std::vector<Value> values_of(std::vector<Keyed> rows) {
  std::vector<Value> values;
  values.reserve(rows.size());
  for (Keyed& row : rows) values.push_back(std::move(row.value));
  return values;
}

}  // namespace mill::jinja
