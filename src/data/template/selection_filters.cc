// map, select, reject and their attr forms: filters that apply other filters or tests.
#include <algorithm>

#include "data/template/access.h"
#include "data/template/filter_functions.h"
#include "data/template/filters.h"
#include "data/template/predicates.h"
#include "data/template/runtime.h"

namespace mill::jinja {
namespace {

// The arguments after the first `count`.
Arguments after(const Arguments& given, std::size_t count) {
  Arguments rest = given;
  const std::size_t gone = std::min(count, rest.positional.size());
  rest.positional.erase(rest.positional.begin(),
                        rest.positional.begin() + static_cast<std::ptrdiff_t>(gone));
  return rest;
}

Result<Value> map_attribute(Runtime& runtime, const std::vector<Value>& items,
                            const Arguments& given) {
  Value attribute, otherwise;
  for (const auto& [name, value] : given.named) {
    if (name == "attribute")
      attribute = value;
    else if (name == "default")
      otherwise = value;
    else
      return runtime.fail("map() has no argument named '{}'", name);
  }
  std::vector<Value> mapped;
  for (const Value& item : items) {
    TRY_ASSIGN(Value part, path(runtime, item, attribute));
    mapped.push_back(part.is_undefined() && !otherwise.is_none() ? otherwise : std::move(part));
  }
  return runtime.iterator(std::move(mapped));
}

// Which elements stay: those whose (attribute's) test comes out as `wanted`.
struct Selection {
  bool by_attribute;
  bool wanted;
};

Result<bool> passes(Runtime& runtime, const Operation* test, const Value& subject,
                    const Arguments& rest) {
  if (test == nullptr) return truthy(subject);
  TRY_ASSIGN(const Value outcome, apply(runtime, *test, subject, rest));
  return truthy(outcome);
}

Result<Value> selected(Runtime& runtime, const Value& self, const Arguments& given,
                       Selection selection) {
  if (!truthy(self)) return runtime.iterator({});
  const std::size_t skip = selection.by_attribute ? 1 : 0;
  if (given.positional.size() < skip) return runtime.fail("the attribute's name is missing");
  const Operation* test = nullptr;
  if (given.positional.size() > skip) {
    TRY_ASSIGN(const auto name, text_argument(runtime, given.positional[skip], "the test's name"));
    test = find_predicate(name);
    if (test == nullptr) return runtime.fail("unknown test '{}'", name);
  }
  const Arguments rest = after(given, skip + 1);
  TRY_ASSIGN(const auto items, elements(runtime, self));
  std::vector<Value> kept;
  for (const Value& item : items->items) {
    Value subject = item;
    if (selection.by_attribute) {
      TRY_ASSIGN(subject, path(runtime, item, given.positional[0]));
    }
    TRY_ASSIGN(const bool holds, passes(runtime, test, subject, rest));
    if (holds == selection.wanted) kept.push_back(item);
  }
  return runtime.iterator(std::move(kept));
}

}  // namespace

Result<Value> filter_map(Runtime& runtime, const Value& self, const Arguments& given) {
  if (!truthy(self)) return runtime.iterator({});
  TRY_ASSIGN(const auto items, elements(runtime, self));
  const bool has_attribute =
      std::ranges::any_of(given.named, [](const auto& a) { return a.first == "attribute"; });
  if (given.positional.empty() && has_attribute) return map_attribute(runtime, items->items, given);
  if (given.positional.empty()) return runtime.fail("map needs a filter's name or an attribute");
  TRY_ASSIGN(const auto name, text_argument(runtime, given.positional[0], "the filter's name"));
  const Operation* filter = find_filter(name);
  if (filter == nullptr) return runtime.fail("unknown filter '{}'", name);
  // map('map', 'map', …) nests as deep as it has arguments.
  if (++runtime.depth > kEvaluationDepthMax) return runtime.fail("filters are nested too deeply");
  const Arguments rest = after(given, 1);
  std::vector<Value> mapped;
  for (const Value& item : items->items) {
    TRY_ASSIGN(mapped.emplace_back(), apply(runtime, *filter, item, rest));
  }
  --runtime.depth;
  return runtime.iterator(std::move(mapped));
}

Result<Value> filter_select(Runtime& runtime, const Value& self, const Arguments& given) {
  return selected(runtime, self, given, {.by_attribute = false, .wanted = true});
}
Result<Value> filter_reject(Runtime& runtime, const Value& self, const Arguments& given) {
  return selected(runtime, self, given, {.by_attribute = false, .wanted = false});
}
Result<Value> filter_selectattr(Runtime& runtime, const Value& self, const Arguments& given) {
  return selected(runtime, self, given, {.by_attribute = true, .wanted = true});
}
Result<Value> filter_rejectattr(Runtime& runtime, const Value& self, const Arguments& given) {
  return selected(runtime, self, given, {.by_attribute = true, .wanted = false});
}

}  // namespace mill::jinja
