#include "data/template/runtime.h"

#include <algorithm>

#include "data/template/scope.h"

namespace mill::jinja {
namespace {

// What a small heap object costs beside its contents, roughly.
constexpr std::size_t kObjectBytes = 64;

}  // namespace

Runtime::~Runtime() {
  for (const Ptr<Namespace>& space : namespaces_) space->items.clear();
  for (const Ptr<Scope>& scope : scopes_) scope->clear();
}

Result<void> Runtime::charge(std::size_t units) {
  work_ += units;
  if (work_ > kWorkMax || units > kWorkMax)
    return fail("the template does too much work (limit: {} steps)", kWorkMax);
  return {};
}

Result<void> Runtime::expect_bytes(std::size_t bytes) {
  if (bytes > kTextBytesMax)
    return fail("a text grows too long ({} bytes, limit: {})", bytes, kTextBytesMax);
  return charge_bytes(bytes);
}

Result<void> Runtime::expect_items(std::size_t count) {
  TRY(hold(count * sizeof(Value)));
  return charge(count);
}

Result<void> Runtime::hold(std::size_t bytes) const {
  if (bytes > kHeldBytesMax || meter_.held + bytes > kHeldBytesMax)
    return fail("the template's values need too much memory (limit: {} MB)", kHeldBytesMax >> 20);
  return {};
}

Result<Value> Runtime::text(std::string utf8, bool safe) {
  TRY(expect_bytes(utf8.size()));
  const std::size_t bytes = kObjectBytes + utf8.size();
  TRY(hold(bytes));
  return Value(Ptr<const Text>(
      new Text{.utf8 = std::move(utf8), .safe = safe, .held = Held(meter_, bytes)}));
}

Result<Value> Runtime::list(std::vector<Value> items, Shape shape, std::string title) {
  TRY(charge(1 + items.size()));
  const std::size_t bytes = kObjectBytes + items.size() * sizeof(Value);
  TRY(hold(bytes));
  int deepest = 0;
  for (const Value& item : items) deepest = std::max(deepest, depth_of(item));
  if (deepest >= kValueDepthMax)
    return fail("values are nested too deeply (limit: {} levels)", kValueDepthMax);
  return Value(Ptr<const Sequence>(new Sequence{.shape = shape,
                                                .items = std::move(items),
                                                .title = std::move(title),
                                                .depth = deepest + 1,
                                                .held = Held(meter_, bytes)}));
}

Result<Value> Runtime::dict(Dict items) {
  const std::size_t count = items.items().size();
  TRY(charge(1 + 2 * count));
  const std::size_t bytes = kObjectBytes + count * (sizeof(Dict::Item) + kObjectBytes);
  TRY(hold(bytes));
  if (items.depth > kValueDepthMax)
    return fail("values are nested too deeply (limit: {} levels)", kValueDepthMax);
  auto made = std::make_shared<Dict>(std::move(items));
  made->held.emplace(meter_, bytes);
  return Value(Ptr<const Dict>(std::move(made)));
}

Result<void> Runtime::check_key(const Value& key) {
  if (const Sequence* tuple = key.as<Sequence>()) {
    if (tuple->shape != Shape::tuple) return fail("unhashable type: '{}'", type_name(key));
    if (tuple->depth > 1) return fail("a tuple with tuples in it is not supported as a key");
    return charge(tuple->items.size());
  }
  if (key.as<Dict>() != nullptr) return fail("unhashable type: 'dict'");
  return {};
}

Result<void> Runtime::put(Dict& dict, Value key, Value value) {
  TRY(check_key(key));
  TRY(charge(dict.search_steps()));
  dict.set(std::move(key), std::move(value));
  return {};
}

Result<Value> Runtime::iterator(std::vector<Value> items) {
  TRY_ASSIGN(const Value list, this->list(std::move(items)));
  auto made = std::make_shared<Iterator>();
  made->source = list.shared<const Sequence>();
  return Value(std::move(made));
}

Result<Value> Runtime::space(std::vector<std::pair<std::string, Value>> items) {
  if (namespaces_.size() >= kNamespacesMax)
    return fail("too many namespaces (limit: {})", kNamespacesMax);
  namespaces_.push_back(std::make_shared<Namespace>(std::move(items)));
  return Value(namespaces_.back());
}

Result<void> Runtime::keep(Ptr<Scope> scope) {
  if (!scopes_.empty() && scopes_.back() == scope) return {};
  if (scopes_.size() >= kNamespacesMax) return fail("too many macros (limit: {})", kNamespacesMax);
  scopes_.push_back(std::move(scope));
  return {};
}

Result<std::int64_t> integer_argument(const Runtime& runtime, const Value& value,
                                      std::string_view name) {
  if (const auto integer = value.integer()) return *integer;
  return runtime.fail("{} must be an integer, not {}", name, type_name(value));
}

Result<std::string_view> text_argument(const Runtime& runtime, const Value& value,
                                       std::string_view name) {
  if (const Text* text = value.as<Text>()) return std::string_view(text->utf8);
  return runtime.fail("{} must be a string, not {}", name, type_name(value));
}

}  // namespace mill::jinja
