#include <algorithm>

#include "data/template/access.h"
#include "data/template/code_points.h"
#include "data/template/filter_functions.h"
#include "data/template/formatting.h"
#include "data/template/printing.h"
#include "data/template/runtime.h"
#include "data/template/text_functions.h"

namespace mill::jinja {
namespace {

bool is_safe(const Value& value) {
  const Text* text = value.as<Text>();
  return text != nullptr && text->safe;
}

// A change of the printed text; what was safe stays so.
Result<Value> mapped(Runtime& runtime, const Value& value,
                     std::string (*change)(std::string_view)) {
  TRY_ASSIGN(const std::string shown, str(runtime, value));
  return runtime.text(change(shown), is_safe(value));
}

// jinja2's own idea of a title, unlike str.title: words begin after - ( { [ < and blanks.
std::string words_capitalized(std::string_view text) {
  std::string out;
  bool begins = true;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t point = next_code_point(text, at);
    const std::string_view bytes = text.substr(begin, at - begin);
    out += begins ? to_upper(bytes) : to_lower(bytes);
    begins = is_space(point) || point == '-' || point == '(' || point == '{' || point == '[' ||
             point == '<';
  }
  return out;
}

}  // namespace

Result<Value> filter_capitalize(Runtime& runtime, const Value& self, const Bound&) {
  return mapped(runtime, self, capitalized);
}
Result<Value> filter_lower(Runtime& runtime, const Value& self, const Bound&) {
  return mapped(runtime, self, to_lower);
}
Result<Value> filter_upper(Runtime& runtime, const Value& self, const Bound&) {
  return mapped(runtime, self, to_upper);
}
Result<Value> filter_title(Runtime& runtime, const Value& self, const Bound&) {
  return mapped(runtime, self, words_capitalized);
}

Result<Value> filter_string(Runtime& runtime, const Value& self, const Bound&) {
  if (self.as<Text>() != nullptr) return self;
  TRY_ASSIGN(std::string shown, str(runtime, self));
  return runtime.text(std::move(shown));
}

Result<Value> filter_safe(Runtime& runtime, const Value& self, const Bound&) {
  TRY_ASSIGN(std::string shown, str(runtime, self));
  return runtime.text(std::move(shown), true);
}

Result<Value> filter_escape(Runtime& runtime, const Value& self, const Bound&) {
  if (is_safe(self)) return self;
  TRY_ASSIGN(const std::string shown, str(runtime, self));
  TRY(runtime.expect_bytes(6 * shown.size()));
  return runtime.text(html_escaped(shown), true);
}

Result<Value> filter_center(Runtime& runtime, const Value& self, const Bound& given) {
  const std::int64_t width = given.has(0) ? given[0].integer().value_or(0) : 80;
  TRY_ASSIGN(const std::string shown, str(runtime, self));
  TRY_ASSIGN(std::string centered, padded(runtime, shown, width, Align::center));
  return runtime.text(std::move(centered), is_safe(self));
}

Result<Value> filter_trim(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const std::string shown, str(runtime, self));
  if (!given.some(0)) return runtime.text(std::string(stripped(shown, Ends::both)), is_safe(self));
  TRY_ASSIGN(const auto characters, text_argument(runtime, given[0], "chars"));
  TRY(runtime.charge_bytes(shown.size() * (1 + characters.size() / 8)));
  return runtime.text(std::string(stripped(shown, characters, Ends::both)), is_safe(self));
}

Result<Value> filter_replace(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(std::string shown, str(runtime, self));
  TRY_ASSIGN(const std::string from, str(runtime, given[0]));
  TRY_ASSIGN(const std::string to, str(runtime, given[1]));
  std::int64_t count = -1;
  if (given.some(2)) {
    TRY_ASSIGN(count, integer_argument(runtime, given[2], "count"));
  }
  return replaced(runtime, Text{.utf8 = std::move(shown), .safe = false, .held = {}}, from, to,
                  count);
}

Result<Value> filter_join(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const auto items, elements(runtime, self));
  std::string separator;
  if (given.has(0)) {
    TRY_ASSIGN(separator, str(runtime, given[0]));
  }
  std::vector<Value> parts = items->items;
  if (given.some(1)) {
    for (Value& part : parts) {
      TRY_ASSIGN(part, path(runtime, part, given[1]));
    }
  }
  TRY_ASSIGN(std::string text, joined(runtime, parts, separator));
  return runtime.text(std::move(text));
}

Result<Value> filter_indent(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const auto text, text_argument(runtime, self, "the text to indent"));
  std::string indent(4, ' ');
  if (const Text* prefix = given[0].as<Text>()) {
    indent = prefix->utf8;
  } else if (given.has(0)) {
    TRY_ASSIGN(const std::int64_t width, integer_argument(runtime, given[0], "width"));
    TRY_ASSIGN(indent, padded(runtime, "", width, Align::left));
  }
  const bool first = given.flag(1, false), blank = given.flag(2, false);
  const std::string whole = std::string(text) + "\n";
  const auto parts = lines(whole);
  TRY(runtime.expect_bytes(text.size() + (parts.size() + 1) * (indent.size() + 1)));
  std::string out = first ? indent : "";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += "\n";
    if (i > 0 && (blank || !parts[i].empty())) out += indent;
    out += parts[i];
  }
  return runtime.text(std::move(out), is_safe(self));
}

Result<Value> filter_truncate(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const auto text, text_argument(runtime, self, "the text to truncate"));
  const std::int64_t length = given.has(0) ? given[0].integer().value_or(0) : 255;
  const std::int64_t leeway = given.some(3) ? given[3].integer().value_or(0) : 5;
  const std::string end = given.has(2) && given[2].as<Text>() ? given[2].as<Text>()->utf8 : "...";
  const auto end_size = static_cast<std::int64_t>(count_code_points(end));
  if (length < end_size || leeway < 0)
    return runtime.fail("truncate needs a length of at least {} and a leeway of at least 0",
                        end_size);
  TRY(runtime.charge_bytes(text.size()));
  const auto at = code_point_offsets(text);
  // Compared without length + leeway, which might overflow.
  if (static_cast<std::int64_t>(at.size()) - 1 - length <= leeway) return self;
  std::string_view kept = text.substr(0, at[static_cast<std::size_t>(length - end_size)]);
  if (!given.flag(1, false)) kept = kept.substr(0, kept.rfind(' '));
  return runtime.text(std::string(kept) + end, is_safe(self));
}

Result<Value> filter_wordcount(Runtime& runtime, const Value& self, const Bound&) {
  TRY_ASSIGN(const std::string shown, str(runtime, self));
  std::int64_t words = 0;
  bool inside = false;
  for (const char c : shown) {
    const bool word =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
    words += word && !inside;
    inside = word;
  }
  return Value(words);
}

Result<Value> filter_format(Runtime& runtime, const Value& self, const Arguments& given) {
  if (!given.positional.empty() && !given.named.empty())
    return runtime.fail("format takes either positional or named arguments");
  TRY_ASSIGN(std::string shown, str(runtime, self));
  const Text text{.utf8 = std::move(shown), .safe = false, .held = {}};
  if (given.named.empty()) {
    TRY_ASSIGN(const Value all, runtime.tuple(given.positional));
    return percent_format(runtime, text, all);
  }
  Dict named;
  for (const auto& [name, value] : given.named) TRY(runtime.put(named, Value::text(name), value));
  TRY_ASSIGN(const Value all, runtime.dict(std::move(named)));
  return percent_format(runtime, text, all);
}

namespace {

Result<std::optional<std::string>> json_indent(Runtime& runtime, const Value& given) {
  if (given.is_none()) return std::nullopt;
  if (const Text* text = given.as<Text>()) return text->utf8;
  TRY_ASSIGN(const std::int64_t width, integer_argument(runtime, given, "indent"));
  if (width > 1000) return runtime.fail("an indent of {} is too large", width);
  return std::string(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
}

}  // namespace

Result<Value> filter_tojson(Runtime& runtime, const Value& self, const Bound& given) {
  JsonStyle style;
  style.ascii = given.flag(0, false);
  TRY_ASSIGN(style.indent, json_indent(runtime, given[1]));
  if (style.indent) style.between_items = ",";
  if (given.some(2)) {
    const Sequence* pair = given[2].as<Sequence>();
    if (pair == nullptr || pair->items.size() != 2)
      return runtime.fail("separators must be a pair of strings");
    TRY_ASSIGN(style.between_items, text_argument(runtime, pair->items[0], "a separator"));
    TRY_ASSIGN(style.after_key, text_argument(runtime, pair->items[1], "a separator"));
  }
  style.sort_keys = given.flag(3, false);
  TRY_ASSIGN(std::string json, to_json(runtime, self, style));
  return runtime.text(std::move(json));
}

}  // namespace mill::jinja
