#pragma once
// Getting at parts: a.b, a[b], a[i:j:k], and the elements that a loop runs over.

#include <optional>
#include <string_view>

#include "base/error.h"
#include "data/template/value.h"

namespace mill::jinja {

class Runtime;

// a.name: a method or property first, then a dict's entry; an Undefined where there is neither.
Result<Value> attribute(Runtime& runtime, const Value& object, std::string_view name);
// a[key]: an entry first, then a method or property.
Result<Value> item(Runtime& runtime, const Value& object, const Value& key);
// "a.b.0" as |map(attribute=…) and others take it; none is the value itself.
Result<Value> path(Runtime& runtime, const Value& object, const Value& attributes);

struct SliceBounds {
  Value start, stop, step;  // none: left out
};
Result<Value> slice(Runtime& runtime, const Value& object, const SliceBounds& bounds);

// The elements: of lists and the like; a string's characters, a dict's keys; an iterator is used
// up.
Result<Ptr<const Sequence>> elements(Runtime& runtime, const Value& value);
bool iterable(const Value& value);
// len(value), or nothing where Python has none.
std::optional<std::int64_t> length(const Value& value);

}  // namespace mill::jinja
