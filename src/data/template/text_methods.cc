// Python's methods of str.
#include <algorithm>

#include "data/template/access.h"
#include "data/template/code_points.h"
#include "data/template/formatting.h"
#include "data/template/methods.h"
#include "data/template/printing.h"
#include "data/template/runtime.h"
#include "data/template/text_functions.h"
#include "data/template/text_search.h"

namespace mill::jinja {
namespace {

const Text& text_of(const Value& self) { return *self.as<Text>(); }

Result<Value> made(Runtime& runtime, const Value& self, std::string_view text) {
  return runtime.text(std::string(text), text_of(self).safe);
}

template <std::string (*Change)(std::string_view)>
Result<Value> changed(Runtime& runtime, const Value& self, const Bound&) {
  TRY(runtime.charge_bytes(4 * text_of(self).utf8.size()));
  return runtime.text(Change(text_of(self).utf8), text_of(self).safe);
}

template <Ends Where>
Result<Value> strip(Runtime& runtime, const Value& self, const Bound& given) {
  const std::string_view text = text_of(self).utf8;
  TRY(runtime.charge_bytes(text.size()));
  if (!given.some(0)) return made(runtime, self, stripped(text, Where));
  TRY_ASSIGN(const auto characters, text_argument(runtime, given[0], "strip's argument"));
  TRY(runtime.charge_bytes(text.size() * (1 + characters.size() / 8)));
  return made(runtime, self, stripped(text, characters, Where));
}

// Does one of the given texts (a tuple may give several) stand at this end?
template <bool AtStart>
Result<Value> stands_at(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const std::string_view text, part(runtime, self, given[1], given[2]));
  const Sequence* several = given[0].as<Sequence>();
  if (several == nullptr || several->shape != Shape::tuple) {
    TRY_ASSIGN(const auto one, text_argument(runtime, given[0], "the argument"));
    return Value(AtStart ? text.starts_with(one) : text.ends_with(one));
  }
  for (const Value& candidate : several->items) {
    TRY_ASSIGN(const auto one, text_argument(runtime, candidate, "the argument"));
    if (AtStart ? text.starts_with(one) : text.ends_with(one)) return Value(true);
  }
  return Value(false);
}

Result<Value> replace(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const auto from, text_argument(runtime, given[0], "replace's first argument"));
  TRY_ASSIGN(const auto to, text_argument(runtime, given[1], "replace's second argument"));
  std::int64_t count = -1;
  if (given.has(2)) {
    TRY_ASSIGN(count, integer_argument(runtime, given[2], "count"));
  }
  return replaced(runtime, text_of(self), from, to, count);
}

Result<Value> join(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const auto items, elements(runtime, given[0]));
  for (const Value& item : items->items)
    if (item.as<Text>() == nullptr)
      return runtime.fail("join needs strings, not {}", type_name(item));
  TRY_ASSIGN(std::string text, joined(runtime, items->items, text_of(self).utf8));
  return runtime.text(std::move(text), text_of(self).safe);
}

template <bool Prefix>
Result<Value> without(Runtime& runtime, const Value& self, const Bound& given) {
  std::string_view text = text_of(self).utf8;
  TRY_ASSIGN(const auto gone, text_argument(runtime, given[0], "the argument"));
  if (Prefix && text.starts_with(gone)) text.remove_prefix(gone.size());
  if (!Prefix && text.ends_with(gone)) text.remove_suffix(gone.size());
  return made(runtime, self, text);
}

template <Align Where>
Result<Value> pad(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const std::int64_t width, integer_argument(runtime, given[0], "width"));
  std::string_view fill = " ";
  if (given.has(1)) {
    TRY_ASSIGN(fill, text_argument(runtime, given[1], "the fill character"));
  }
  if (count_code_points(fill) != 1)
    return runtime.fail("the fill character must be exactly one character long");
  TRY_ASSIGN(std::string text, padded(runtime, text_of(self).utf8, width, Where, fill));
  return runtime.text(std::move(text), text_of(self).safe);
}

Result<Value> zfill(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const std::int64_t width, integer_argument(runtime, given[0], "width"));
  std::string_view digits = text_of(self).utf8;
  std::string_view sign;
  if (digits.starts_with('-') || digits.starts_with('+')) {
    sign = digits.substr(0, 1);
    digits.remove_prefix(1);
  }
  const auto rest = width - static_cast<std::int64_t>(sign.size());
  TRY_ASSIGN(const std::string text, padded(runtime, digits, rest, Align::right, "0"));
  return made(runtime, self, fmt::format("{}{}", sign, text));
}

bool is_digit(char32_t p) { return p >= '0' && p <= '9'; }
// Letters without case (CJK and so on) count as letters: all beyond ASCII that is printable.
bool is_alpha(char32_t p) {
  return p < 0x80 ? is_cased(p) : is_cased(p) || (p >= 0x100 && is_printable(p) && p < 0x1F000);
}
bool is_alnum(char32_t p) { return is_digit(p) || is_alpha(p); }
bool is_ascii(char32_t p) { return p < 0x80; }

// Holds for all characters, of which there must be one (isascii and isprintable take none too).
template <bool (*Has)(char32_t), bool OfNone = false>
Result<Value> all(Runtime& runtime, const Value& self, const Bound&) {
  const std::string_view text = text_of(self).utf8;
  TRY(runtime.charge_bytes(text.size()));
  for (std::size_t at = 0; at < text.size();)
    if (!Has(next_code_point(text, at))) return Value(false);
  return Value(OfNone || !text.empty());
}

// No letter of the other case, and one of this.
template <bool (*Has)(char32_t)>
Result<Value> all_cased(Runtime& runtime, const Value& self, const Bound&) {
  const std::string_view text = text_of(self).utf8;
  TRY(runtime.charge_bytes(text.size()));
  bool any = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t point = next_code_point(text, at);
    if (!is_cased(point)) continue;
    if (!Has(point)) return Value(false);
    any = true;
  }
  return Value(any);
}

Result<Value> is_title(Runtime& runtime, const Value& self, const Bound&) {
  const std::string_view text = text_of(self).utf8;
  TRY(runtime.charge_bytes(4 * text.size()));
  const bool any = to_lower(text) != to_upper(text);
  return Value(any && titled(text) == text);
}

Result<Value> format(Runtime& runtime, const Value& self, const Arguments& given) {
  return brace_format(runtime, text_of(self), given);
}

constexpr Operation kTextMethods[] = {
    {"capitalize", "/", changed<capitalized>},
    {"casefold", "/", changed<to_lower>},
    {"center", "/ width fill?", pad<Align::center>},
    {"count", "/ sub start? end?", text_count},
    {"endswith", "/ suffix start? end?", stands_at<false>},
    {"find", "/ sub start? end?", text_find},
    {"format", "", nullptr, format},
    {"index", "/ sub start? end?", text_index},
    {"isalnum", "/", all<is_alnum>},
    {"isalpha", "/", all<is_alpha>},
    {"isascii", "/", all<is_ascii, true>},
    {"isdecimal", "/", all<is_digit>},
    {"isdigit", "/", all<is_digit>},
    {"islower", "/", all_cased<is_lower>},
    {"isnumeric", "/", all<is_digit>},
    {"isprintable", "/", all<is_printable, true>},
    {"isspace", "/", all<is_space>},
    {"istitle", "/", is_title},
    {"isupper", "/", all_cased<is_upper>},
    {"join", "/ iterable", join},
    {"ljust", "/ width fill?", pad<Align::left>},
    {"lower", "/", changed<to_lower>},
    {"lstrip", "/ chars?", strip<Ends::left>},
    {"partition", "/ sep", text_partition},
    {"removeprefix", "/ prefix", without<true>},
    {"removesuffix", "/ suffix", without<false>},
    {"replace", "/ old new count?", replace},
    {"rfind", "/ sub start? end?", text_rfind},
    {"rindex", "/ sub start? end?", text_rindex},
    {"rjust", "/ width fill?", pad<Align::right>},
    {"rpartition", "/ sep", text_rpartition},
    {"rsplit", "sep? maxsplit?", text_rsplit},
    {"rstrip", "/ chars?", strip<Ends::right>},
    {"split", "sep? maxsplit?", text_split},
    {"splitlines", "keepends?", text_splitlines},
    {"startswith", "/ prefix start? end?", stands_at<true>},
    {"strip", "/ chars?", strip<Ends::both>},
    {"swapcase", "/", changed<swapped_case>},
    {"title", "/", changed<titled>},
    {"upper", "/", changed<to_upper>},
    {"zfill", "/ width", zfill},
};

}  // namespace

const Operation* find_text_method(std::string_view name) { return find_row(kTextMethods, name); }

}  // namespace mill::jinja
