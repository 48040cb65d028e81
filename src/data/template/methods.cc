#include "data/template/methods.h"

#include <algorithm>

#include "data/template/access.h"
#include "data/template/operators.h"
#include "data/template/runtime.h"

namespace mill::jinja {
namespace {

Result<Value> dict_get(Runtime& runtime, const Value& self, const Bound& given) {
  TRY(runtime.check_key(given[0]));
  const Dict& dict = *self.as<Dict>();
  TRY(runtime.charge(dict.search_steps()));
  const Value* found = dict.find(given[0]);
  return found != nullptr ? *found : given[1];
}

Result<Value> dict_items(Runtime& runtime, const Value& self, const Bound&) {
  std::vector<Value> pairs;
  for (const auto& [key, value] : self.as<Dict>()->items()) {
    TRY_ASSIGN(pairs.emplace_back(), runtime.tuple({key, value}));
  }
  return runtime.list(std::move(pairs), Shape::view, "dict_items");
}

Result<Value> dict_keys(Runtime& runtime, const Value& self, const Bound&) {
  std::vector<Value> keys;
  for (const auto& item : self.as<Dict>()->items()) keys.push_back(item.first);
  return runtime.list(std::move(keys), Shape::view, "dict_keys");
}

Result<Value> dict_values(Runtime& runtime, const Value& self, const Bound&) {
  std::vector<Value> values;
  for (const auto& item : self.as<Dict>()->items()) values.push_back(item.second);
  return runtime.list(std::move(values), Shape::view, "dict_values");
}

Result<Value> same(Runtime&, const Value& self, const Bound&) { return self; }

constexpr Operation kDictMethods[] = {
    {"copy", "/", same},      {"get", "/ key default?", dict_get}, {"items", "/", dict_items},
    {"keys", "/", dict_keys}, {"values", "/", dict_values},
};

Result<Value> list_count(Runtime& runtime, const Value& self, const Bound& given) {
  std::int64_t count = 0;
  for (const Value& item : self.as<Sequence>()->items) {
    TRY_ASSIGN(const bool equals, equal(runtime, item, given[0]));
    count += equals;
  }
  return Value(count);
}

Result<Value> list_index(Runtime& runtime, const Value& self, const Bound& given) {
  const auto& items = self.as<Sequence>()->items;
  for (std::size_t i = 0; i < items.size(); ++i) {
    TRY_ASSIGN(const bool equals, equal(runtime, items[i], given[0]));
    if (equals) return Value(static_cast<std::int64_t>(i));
  }
  return runtime.fail("the value is not in the {}", type_name(self));
}

constexpr Operation kListMethods[] = {
    {"copy", "/", same},
    {"count", "/ value", list_count},
    {"index", "/ value", list_index},
};

constexpr std::string_view kDictChanges[] = {"clear", "pop", "popitem", "setdefault", "update"};
constexpr std::string_view kListChanges[] = {"append", "clear",  "extend",  "insert",
                                             "pop",    "remove", "reverse", "sort"};

template <std::size_t N>
bool in(const std::string_view (&names)[N], std::string_view name) {
  return std::ranges::find(names, name) != std::end(names);
}

}  // namespace

const Operation* find_method(const Value& object, std::string_view name) {
  if (object.as<Text>() != nullptr) return find_text_method(name);
  if (object.as<Dict>() != nullptr) return find_row(kDictMethods, name);
  const Sequence* sequence = object.as<Sequence>();
  if (sequence == nullptr || sequence->shape == Shape::view) return nullptr;
  if (sequence->shape != Shape::list && name == "copy") return nullptr;
  return find_row(kListMethods, name);
}

bool changes_value(const Value& object, std::string_view name) {
  const Sequence* sequence = object.as<Sequence>();
  return (object.as<Dict>() != nullptr && in(kDictChanges, name)) ||
         (sequence != nullptr && sequence->shape == Shape::list && in(kListChanges, name));
}

}  // namespace mill::jinja
