#pragma once
// The methods of str that look for a part or cut at it.

#include <string_view>

#include "base/error.h"
#include "data/template/callable.h"

namespace mill::jinja {

Result<Value> text_count(Runtime&, const Value&, const Bound&);
Result<Value> text_find(Runtime&, const Value&, const Bound&);
Result<Value> text_index(Runtime&, const Value&, const Bound&);
Result<Value> text_rfind(Runtime&, const Value&, const Bound&);
Result<Value> text_rindex(Runtime&, const Value&, const Bound&);
Result<Value> text_partition(Runtime&, const Value&, const Bound&);
Result<Value> text_rpartition(Runtime&, const Value&, const Bound&);
Result<Value> text_split(Runtime&, const Value&, const Bound&);
Result<Value> text_rsplit(Runtime&, const Value&, const Bound&);
Result<Value> text_splitlines(Runtime&, const Value&, const Bound&);

// text[start:end], the bounds being code points or none; a view into the text.
Result<std::string_view> part(Runtime& runtime, const Value& text, const Value& start,
                              const Value& end);

}  // namespace mill::jinja
