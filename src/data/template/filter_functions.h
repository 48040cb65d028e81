#pragma once
// The functions behind the rows of the filter table, by what they work on.

#include "base/error.h"
#include "data/template/callable.h"

namespace mill::jinja {

// Text (text_filters.cc)
Result<Value> filter_capitalize(Runtime&, const Value&, const Bound&);
Result<Value> filter_center(Runtime&, const Value&, const Bound&);
Result<Value> filter_escape(Runtime&, const Value&, const Bound&);
Result<Value> filter_format(Runtime&, const Value&, const Arguments&);
Result<Value> filter_indent(Runtime&, const Value&, const Bound&);
Result<Value> filter_join(Runtime&, const Value&, const Bound&);
Result<Value> filter_lower(Runtime&, const Value&, const Bound&);
Result<Value> filter_replace(Runtime&, const Value&, const Bound&);
Result<Value> filter_safe(Runtime&, const Value&, const Bound&);
Result<Value> filter_string(Runtime&, const Value&, const Bound&);
Result<Value> filter_title(Runtime&, const Value&, const Bound&);
Result<Value> filter_tojson(Runtime&, const Value&, const Bound&);
Result<Value> filter_trim(Runtime&, const Value&, const Bound&);
Result<Value> filter_truncate(Runtime&, const Value&, const Bound&);
Result<Value> filter_upper(Runtime&, const Value&, const Bound&);
Result<Value> filter_wordcount(Runtime&, const Value&, const Bound&);

// Numbers (number_filters.cc)
Result<Value> filter_abs(Runtime&, const Value&, const Bound&);
Result<Value> filter_float(Runtime&, const Value&, const Bound&);
Result<Value> filter_int(Runtime&, const Value&, const Bound&);
Result<Value> filter_round(Runtime&, const Value&, const Bound&);
Result<Value> filter_sum(Runtime&, const Value&, const Bound&);

// Sequences and dicts (sequence_filters.cc, selection_filters.cc)
Result<Value> filter_attr(Runtime&, const Value&, const Bound&);
Result<Value> filter_batch(Runtime&, const Value&, const Bound&);
Result<Value> filter_default(Runtime&, const Value&, const Bound&);
Result<Value> filter_dictsort(Runtime&, const Value&, const Bound&);
Result<Value> filter_first(Runtime&, const Value&, const Bound&);
Result<Value> filter_groupby(Runtime&, const Value&, const Bound&);
Result<Value> filter_items(Runtime&, const Value&, const Bound&);
Result<Value> filter_last(Runtime&, const Value&, const Bound&);
Result<Value> filter_length(Runtime&, const Value&, const Bound&);
Result<Value> filter_list(Runtime&, const Value&, const Bound&);
Result<Value> filter_map(Runtime&, const Value&, const Arguments&);
Result<Value> filter_max(Runtime&, const Value&, const Bound&);
Result<Value> filter_min(Runtime&, const Value&, const Bound&);
Result<Value> filter_reject(Runtime&, const Value&, const Arguments&);
Result<Value> filter_rejectattr(Runtime&, const Value&, const Arguments&);
Result<Value> filter_reverse(Runtime&, const Value&, const Bound&);
Result<Value> filter_select(Runtime&, const Value&, const Arguments&);
Result<Value> filter_selectattr(Runtime&, const Value&, const Arguments&);
Result<Value> filter_slice(Runtime&, const Value&, const Bound&);
Result<Value> filter_sort(Runtime&, const Value&, const Bound&);
Result<Value> filter_unique(Runtime&, const Value&, const Bound&);

}  // namespace mill::jinja
