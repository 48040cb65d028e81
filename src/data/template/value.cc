#include "data/template/value.h"

#include <algorithm>

#include "data/template/callable.h"

namespace mill::jinja {

const Value* Dict::find(std::string_view key) const {
  if (const auto row = by_text_.find(std::string(key)); row != by_text_.end())
    return &items_[row->second].second;
  return nullptr;
}

namespace {

// Keys are what Runtime::check_key lets through: scalars, and tuples of scalars.
bool same_key(const Value& a, const Value& b) {
  if (const auto left = a.integer(), right = b.integer(); left && right) return *left == *right;
  if (const auto left = a.number(), right = b.number(); left && right) return *left == *right;
  const Text* left_text = a.as<Text>();
  const Text* right_text = b.as<Text>();
  if (left_text != nullptr && right_text != nullptr) return left_text->utf8 == right_text->utf8;
  const Sequence* left = a.as<Sequence>();
  const Sequence* right = b.as<Sequence>();
  if (left != nullptr && right != nullptr)
    return std::ranges::equal(left->items, right->items, same_key);
  return (a.is_undefined() && b.is_undefined()) || identical(a, b);
}

}  // namespace

std::optional<std::size_t> Dict::position(const Value& key) const {
  if (const Text* text = key.as<Text>()) {
    const auto row = by_text_.find(text->utf8);
    return row != by_text_.end() ? std::optional(row->second) : std::nullopt;
  }
  if (all_text_) return std::nullopt;
  for (std::size_t i = 0; i < items_.size(); ++i)
    if (same_key(items_[i].first, key)) return i;
  return std::nullopt;
}

const Value* Dict::find(const Value& key) const {
  const auto at = position(key);
  return at ? &items_[*at].second : nullptr;
}

void Dict::set(Value key, Value value) {
  depth = std::max({depth, 1 + depth_of(key), 1 + depth_of(value)});
  if (const auto at = position(key)) {
    items_[*at].second = std::move(value);
    return;
  }
  if (const Text* text = key.as<Text>())
    by_text_.emplace(text->utf8, items_.size());
  else
    all_text_ = false;
  items_.emplace_back(std::move(key), std::move(value));
}

const Value* Namespace::find(std::string_view name) const {
  for (const auto& [key, value] : items)
    if (key == name) return &value;
  return nullptr;
}

void Namespace::set(std::string_view name, Value value) {
  for (auto& [key, old] : items)
    if (key == name) return void(old = std::move(value));
  items.emplace_back(std::string(name), std::move(value));
}

Value Value::text(std::string utf8) {
  return Value(Ptr<const Text>(new Text{.utf8 = std::move(utf8), .safe = false, .held = {}}));
}

Value Value::undefined(std::string reason) {
  return Value(Ptr<const Undefined>(new Undefined{std::move(reason)}));
}

std::optional<std::int64_t> Value::integer() const {
  if (const auto* i = as<std::int64_t>()) return *i;
  if (const auto* b = as<bool>()) return *b ? 1 : 0;
  return std::nullopt;
}

std::optional<double> Value::number() const {
  if (const auto* d = as<double>()) return *d;
  if (const auto i = integer()) return static_cast<double>(*i);
  return std::nullopt;
}

bool truthy(const Value& value) {
  if (const auto number = value.number()) return *number != 0;
  if (const Text* text = value.as<Text>()) return !text->utf8.empty();
  if (const Sequence* sequence = value.as<Sequence>()) return !sequence->items.empty();
  if (const Dict* dict = value.as<Dict>()) return !dict->items().empty();
  return !value.is_none() && !value.is_undefined();
}

bool identical(const Value& a, const Value& b) {
  return std::visit(
      [&b]<class T>(const T& left) {
        const T* right = std::get_if<T>(&b.data());
        if constexpr (std::is_same_v<T, None>)
          return right != nullptr;
        else
          return right != nullptr && *right == left;
      },
      a.data());
}

int depth_of(const Value& value) {
  if (const Sequence* sequence = value.as<Sequence>()) return sequence->depth;
  if (const Dict* dict = value.as<Dict>()) return dict->depth;
  if (const Iterator* iterator = value.as<Iterator>()) return iterator->source->depth;
  if (const Callable* callable = value.as<Callable>()) return 1 + depth_of(callable->self);
  if (const Loop* loop = value.as<Loop>()) return 1 + depth_of(loop->source);
  return 0;
}

std::string_view type_name(const Value& value) {
  static constexpr std::string_view kNames[] = {
      "NoneType", "bool", "int",       "float",     "Undefined", "str",
      "list",     "dict", "generator", "Namespace", "function",  "LoopContext"};
  static_assert(std::size(kNames) == std::variant_size_v<Value::Data>);
  if (const Sequence* sequence = value.as<Sequence>()) {
    if (sequence->shape == Shape::tuple) return "tuple";
    if (sequence->shape == Shape::range) return "range";
    if (sequence->shape == Shape::view) return sequence->title;
  }
  return kNames[value.data().index()];
}

}  // namespace mill::jinja
