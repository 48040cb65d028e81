#include "data/template/access.h"

#include <algorithm>

#include "data/template/code_points.h"
#include "data/template/methods.h"
#include "data/template/printing.h"
#include "data/template/runtime.h"

namespace mill::jinja {
namespace {

Value no_attribute(const Value& object, std::string_view name) {
  return Value::undefined(
      fmt::format("'{} object' has no attribute '{}'", type_name(object), name));
}

std::optional<Value> bound_method(const Value& object, std::string_view name) {
  const Operation* method = find_method(object, name);
  if (method == nullptr) return std::nullopt;
  auto callable = std::make_shared<Callable>();
  callable->operation = method;
  callable->self = object;
  return Value(Ptr<const Callable>(std::move(callable)));
}

// What Python finds with getattr: a method, a loop's property, a namespace's entry.
std::optional<Value> own_attribute(const Value& object, std::string_view name) {
  if (const Namespace* space = object.as<Namespace>()) {
    const Value* found = space->find(name);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }
  if (changes_value(object, name))
    return Value::undefined(
        fmt::format("'{}' changes a {}: templates may not (build a new one, or use namespace())",
                    name, type_name(object)));
  return bound_method(object, name);
}

Result<Value> character_at(Runtime& runtime, const Text& text, std::int64_t index) {
  TRY(runtime.charge_bytes(text.utf8.size()));
  const auto at = code_point_offsets(text.utf8);
  const auto count = static_cast<std::int64_t>(at.size()) - 1;
  if (index < 0) index += count;
  if (index < 0 || index >= count) return Value::undefined("string index out of range");
  const auto i = static_cast<std::size_t>(index);
  return runtime.text(text.utf8.substr(at[i], at[i + 1] - at[i]), text.safe);
}

// The entry object[key], or nothing.
Result<std::optional<Value>> entry(Runtime& runtime, const Value& object, const Value& key) {
  if (const Dict* dict = object.as<Dict>()) {
    if (key.as<Dict>() != nullptr || key.as<Sequence>() != nullptr) TRY(runtime.check_key(key));
    TRY(runtime.charge(dict->search_steps()));
    const Value* found = dict->find(key);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }
  const auto index = key.integer();
  if (!index) return std::nullopt;
  if (const Text* text = object.as<Text>()) return character_at(runtime, *text, *index);
  const Sequence* sequence = object.as<Sequence>();
  if (sequence == nullptr || sequence->shape == Shape::view) return std::nullopt;
  const auto count = static_cast<std::int64_t>(sequence->items.size());
  const std::int64_t at = *index < 0 ? *index + count : *index;
  if (at < 0 || at >= count) return std::nullopt;
  return sequence->items[static_cast<std::size_t>(at)];
}

}  // namespace

Result<Value> attribute(Runtime& runtime, const Value& object, std::string_view name) {
  if (const Undefined* undefined = object.as<Undefined>())
    return runtime.fail("{}", undefined->reason);
  if (auto found = own_attribute(object, name)) return *std::move(found);
  if (const Dict* dict = object.as<Dict>())
    if (const Value* found = dict->find(name)) return *found;
  return no_attribute(object, name);
}

Result<Value> item(Runtime& runtime, const Value& object, const Value& key) {
  if (const Undefined* undefined = object.as<Undefined>())
    return runtime.fail("{}", undefined->reason);
  TRY_ASSIGN(auto found, entry(runtime, object, key));
  if (found) return *std::move(found);
  if (const Text* name = key.as<Text>())
    if (auto own = own_attribute(object, name->utf8)) return *std::move(own);
  TRY_ASSIGN(const std::string shown, repr(runtime, key));
  return Value::undefined(fmt::format("{} object has no element {}", type_name(object), shown));
}

Result<Value> path(Runtime& runtime, const Value& object, const Value& attributes) {
  if (attributes.is_none()) return object;
  const Text* text = attributes.as<Text>();
  if (text == nullptr) return item(runtime, object, attributes);
  Value found = object;
  for (std::size_t begin = 0; begin <= text->utf8.size();) {
    const std::size_t dot = std::min(text->utf8.find('.', begin), text->utf8.size());
    const std::string part = text->utf8.substr(begin, dot - begin);
    const bool digits = !part.empty() && part.size() < 18 &&
                        part.find_first_not_of("0123456789") == std::string::npos;
    Value key = digits ? Value(std::int64_t{std::stoll(part)}) : Value::text(part);
    TRY(runtime.charge(1));
    TRY_ASSIGN(found, item(runtime, found, key));
    begin = dot + 1;
  }
  return found;
}

namespace {

// Python's slice.indices: where to begin, how many, which stride.
struct Range {
  std::int64_t start, count, step;
};

Result<Range> resolved(const Runtime& runtime, const SliceBounds& bounds, std::int64_t size) {
  for (const Value* value : {&bounds.start, &bounds.stop, &bounds.step})
    if (!value->is_none() && !value->integer())
      return runtime.fail("slice indices must be integers or none, not {}", type_name(*value));
  const std::int64_t step = bounds.step.integer().value_or(1);
  if (step == 0) return runtime.fail("slice step cannot be zero");
  const std::int64_t low = step < 0 ? -1 : 0, high = step < 0 ? size - 1 : size;
  const auto place = [&](const Value& value, std::int64_t otherwise) {
    if (value.is_none()) return otherwise;
    const std::int64_t at = *value.integer();
    return at < 0 ? std::max(at + size, low) : std::min(at, high);
  };
  const std::int64_t start = place(bounds.start, step < 0 ? high : low);
  const std::int64_t stop = place(bounds.stop, step < 0 ? low : high);
  const std::int64_t span = step < 0 ? start - stop : stop - start;
  if (span <= 0) return Range{start, 0, step};
  const auto stride =
      step < 0 ? 0 - static_cast<std::uint64_t>(step) : static_cast<std::uint64_t>(step);
  const auto count = 1 + (static_cast<std::uint64_t>(span) - 1) / stride;
  return Range{start, static_cast<std::int64_t>(count), step};
}

// Calls take(index) for each index of the slice.
template <class Take>
void each(const Range& range, Take take) {
  for (std::int64_t i = 0; i < range.count; ++i)
    take(static_cast<std::size_t>(range.start + i * range.step));
}

}  // namespace

Result<Value> slice(Runtime& runtime, const Value& object, const SliceBounds& bounds) {
  if (const Undefined* undefined = object.as<Undefined>())
    return runtime.fail("{}", undefined->reason);
  if (const Text* text = object.as<Text>()) {
    TRY(runtime.charge_bytes(text->utf8.size()));
    const auto at = code_point_offsets(text->utf8);
    TRY_ASSIGN(const Range range,
               resolved(runtime, bounds, static_cast<std::int64_t>(at.size()) - 1));
    std::string part;
    each(range, [&](std::size_t i) { part.append(text->utf8, at[i], at[i + 1] - at[i]); });
    return runtime.text(std::move(part), text->safe);
  }
  const Sequence* sequence = object.as<Sequence>();
  if (sequence == nullptr || sequence->shape == Shape::view)
    return runtime.fail("'{}' object is not subscriptable by a slice", type_name(object));
  TRY_ASSIGN(const Range range,
             resolved(runtime, bounds, static_cast<std::int64_t>(sequence->items.size())));
  std::vector<Value> items;
  each(range, [&](std::size_t i) { items.push_back(sequence->items[i]); });
  return runtime.list(std::move(items),
                      sequence->shape == Shape::range ? Shape::list : sequence->shape);
}

namespace {

Result<std::vector<Value>> characters(Runtime& runtime, const Text& text) {
  TRY(runtime.charge_bytes(text.utf8.size()));
  const auto at = code_point_offsets(text.utf8);
  std::vector<Value> items;
  for (std::size_t i = 0; i + 1 < at.size(); ++i) {
    TRY_ASSIGN(items.emplace_back(), runtime.text(text.utf8.substr(at[i], at[i + 1] - at[i])));
  }
  return items;
}

}  // namespace

Result<Ptr<const Sequence>> elements(Runtime& runtime, const Value& value) {
  if (auto sequence = value.shared<const Sequence>()) return sequence;
  std::vector<Value> items;
  if (const Text* text = value.as<Text>()) {
    TRY_ASSIGN(items, characters(runtime, *text));
  } else if (const Dict* dict = value.as<Dict>()) {
    TRY(runtime.charge(dict->items().size()));
    for (const auto& [key, entry] : dict->items()) items.push_back(key);
  } else if (const auto iterator = value.shared<Iterator>()) {
    const auto& all = iterator->source->items;
    TRY(runtime.charge(all.size()));
    items.assign(all.begin() + static_cast<std::ptrdiff_t>(iterator->next), all.end());
    iterator->next = all.size();
  } else if (!value.is_undefined()) {
    return runtime.fail("'{}' object is not iterable", type_name(value));
  }
  TRY_ASSIGN(const Value list, runtime.list(std::move(items)));
  return list.shared<const Sequence>();
}

bool iterable(const Value& value) {
  return value.as<Sequence>() != nullptr || value.as<Text>() != nullptr ||
         value.as<Dict>() != nullptr || value.as<Iterator>() != nullptr || value.is_undefined();
}

std::optional<std::int64_t> length(const Value& value) {
  const auto size = [](std::size_t count) { return static_cast<std::int64_t>(count); };
  if (const Text* text = value.as<Text>()) return size(count_code_points(text->utf8));
  if (const Sequence* sequence = value.as<Sequence>()) return size(sequence->items.size());
  if (const Dict* dict = value.as<Dict>()) return size(dict->items().size());
  if (value.is_undefined()) return 0;
  return std::nullopt;
}

}  // namespace mill::jinja
