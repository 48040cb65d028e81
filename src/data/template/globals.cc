#include "data/template/globals.h"

#include <algorithm>
#include <cmath>

#include "data/template/access.h"
#include "data/template/callable.h"
#include "data/template/printing.h"
#include "data/template/runtime.h"

namespace mill::jinja {
namespace {

Result<Value> range(Runtime& runtime, const Value&, const Bound& given) {
  std::int64_t start = 0, stop = 0, step = 1;
  TRY_ASSIGN(stop, integer_argument(runtime, given[given.has(1) ? 1 : 0], "range's stop"));
  if (given.has(1)) {
    TRY_ASSIGN(start, integer_argument(runtime, given[0], "range's start"));
  }
  if (given.has(2)) {
    TRY_ASSIGN(step, integer_argument(runtime, given[2], "range's step"));
  }
  if (step == 0) return runtime.fail("range's step must not be zero");
  // In floating point, which cannot overflow; near the limit it is exact.
  const double count = std::ceil((static_cast<double>(stop) - static_cast<double>(start)) /
                                 static_cast<double>(step));
  if (count > static_cast<double>(kRangeMax))
    return runtime.fail("range too big ({} elements, limit: {})", count, kRangeMax);
  std::vector<Value> items;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(count); ++i)
    items.emplace_back(start + i * step);
  std::string title = step == 1 ? fmt::format("range({}, {})", start, stop)
                                : fmt::format("range({}, {}, {})", start, stop, step);
  return runtime.list(std::move(items), Shape::range, std::move(title));
}

// dict(pairs or a mapping, name=value, …), also namespace's.
Result<Dict> entries(Runtime& runtime, const Arguments& given) {
  Dict dict;
  if (given.positional.size() > 1) return runtime.fail("dict expected at most 1 argument");
  if (!given.positional.empty()) {
    const Value& source = given.positional[0];
    if (const Dict* other = source.as<Dict>()) {
      for (const auto& [key, value] : other->items()) TRY(runtime.put(dict, key, value));
    } else {
      TRY_ASSIGN(const auto pairs, elements(runtime, source));
      for (const Value& pair : pairs->items) {
        TRY_ASSIGN(const auto parts, elements(runtime, pair));
        if (parts->items.size() != 2) return runtime.fail("dict needs pairs of key and value");
        TRY(runtime.put(dict, parts->items[0], parts->items[1]));
      }
    }
  }
  for (const auto& [name, value] : given.named) TRY(runtime.put(dict, Value::text(name), value));
  return dict;
}

Result<Value> make_dict(Runtime& runtime, const Value&, const Arguments& given) {
  TRY_ASSIGN(Dict dict, entries(runtime, given));
  return runtime.dict(std::move(dict));
}

Result<Value> make_namespace(Runtime& runtime, const Value&, const Arguments& given) {
  TRY_ASSIGN(const Dict dict, entries(runtime, given));
  std::vector<std::pair<std::string, Value>> items;
  for (const auto& [key, value] : dict.items()) {
    TRY_ASSIGN(const auto name, text_argument(runtime, key, "a namespace's entry"));
    if (name.starts_with('_'))
      return runtime.fail("a namespace's entries cannot begin with '_': '{}'", name);
    items.emplace_back(name, value);
  }
  return runtime.space(std::move(items));
}

// The template's own words, without a line: they are for whoever sent the messages.
Result<Value> raise_exception(Runtime& runtime, const Value&, const Bound& given) {
  TRY_ASSIGN(std::string message, str(runtime, given[0]));
  return std::unexpected(Error{ErrorKind::invalid, std::move(message)});
}

// Each conversion by itself, so that the length of the result is bounded.
Result<Value> strftime_now(Runtime& runtime, const Value&, const Bound& given) {
  TRY_ASSIGN(const auto format, text_argument(runtime, given[0], "the date's format"));
  static constexpr std::string_view kConversions = "aAbBcCdDeFgGhHIjklmMnpPrRStTuUVwWxXyYZ%";
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    std::string one = "%";
    if (format[i + 1] == '-' && i + 2 < format.size()) one += format[++i];  // no padding: %-d
    one += format[++i];
    if (kConversions.find(one.back()) == std::string_view::npos)
      return runtime.fail("the date format has an unsupported '{}'", one);
    char buffer[128];
    out.append(buffer, std::strftime(buffer, sizeof buffer, one.c_str(), &runtime.now()));
  }
  return runtime.text(std::move(out));
}

constexpr Operation kGlobals[] = {
    {"dict", "", nullptr, make_dict},
    {"namespace", "", nullptr, make_namespace},
    {"raise_exception", "message", raise_exception},
    {"range", "/ start_or_stop stop? step?", range},
    {"strftime_now", "format", strftime_now},
};

}  // namespace

std::optional<Value> find_global(std::string_view name) {
  const Operation* row = find_row(kGlobals, name);
  if (row == nullptr) return std::nullopt;
  auto callable = std::make_shared<Callable>();
  callable->operation = row;
  return Value(Ptr<const Callable>(std::move(callable)));
}

}  // namespace mill::jinja
