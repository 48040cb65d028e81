#include <algorithm>
#include <cmath>

#include "data/template/code_points.h"
#include "data/template/merge_sort.h"
#include "data/template/operators.h"
#include "data/template/printing.h"
#include "data/template/runtime.h"

namespace mill::jinja {
namespace {

void append_unit(std::string& out, unsigned unit) { out += fmt::format("\\u{:04x}", unit); }

void append_escaped(std::string& out, char32_t point) {
  switch (point) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      break;
  }
  if (point < 0x10000) return append_unit(out, static_cast<unsigned>(point));
  const unsigned rest = static_cast<unsigned>(point) - 0x10000;  // a pair of surrogates
  append_unit(out, 0xD800 + (rest >> 10));
  append_unit(out, 0xDC00 + (rest & 0x3FF));
}

std::string quoted(std::string_view text, bool ascii) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t point = next_code_point(text, at);
    const bool plain = point >= 0x20 && point != '"' && point != '\\';
    if (plain && (point < 0x7F || !ascii || point == 0x7F))
      out += text.substr(begin, at - begin);
    else
      append_escaped(out, point);
  }
  return out + '"';
}

class JsonWriter {
 public:
  JsonWriter(Runtime& runtime, const JsonStyle& style, std::string& out)
      : runtime_(runtime), style_(style), out_(out) {}

  Result<void> write(const Value& value) {
    TRY(runtime_.charge(1));
    if (const Text* text = value.as<Text>()) return put(quoted(text->utf8, style_.ascii));
    if (const Dict* dict = value.as<Dict>()) return write_dict(*dict);
    if (const Sequence* sequence = value.as<Sequence>();
        sequence != nullptr && sequence->title.empty())
      return write_list(*sequence);
    const auto scalar = scalar_text(value);
    if (!scalar)
      return runtime_.fail("Object of type {} is not JSON serializable", type_name(value));
    return put(*scalar);
  }

 private:
  static std::optional<std::string> scalar_text(const Value& value) {
    if (value.is_none()) return "null";
    if (const bool* boolean = value.as<bool>()) return *boolean ? "true" : "false";
    if (const auto* integer = value.as<std::int64_t>()) return std::to_string(*integer);
    const double* real = value.as<double>();
    if (real == nullptr) return std::nullopt;
    if (std::isnan(*real)) return "NaN";
    if (std::isinf(*real)) return *real < 0 ? "-Infinity" : "Infinity";
    return real_repr(*real);
  }

  Result<void> put(std::string_view text) {
    TRY(runtime_.charge_bytes(text.size()));
    if (out_.size() + text.size() > kTextBytesMax) return runtime_.fail("the text grows too long");
    out_ += text;
    return {};
  }

  Result<void> new_line() {
    if (!style_.indent) return {};
    TRY(put("\n"));
    for (int i = 0; i < level_; ++i) TRY(put(*style_.indent));
    return {};
  }

  Result<void> separate(bool& first) {
    if (!std::exchange(first, false)) TRY(put(style_.between_items));
    return new_line();
  }

  Result<void> write_list(const Sequence& sequence) {
    if (sequence.items.empty()) return put("[]");
    TRY(put("["));
    ++level_;
    bool first = true;
    for (const Value& item : sequence.items) {
      TRY(separate(first));
      TRY(write(item));
    }
    --level_;
    TRY(new_line());
    return put("]");
  }

  Result<void> write_dict(const Dict& dict) {
    if (dict.items().empty()) return put("{}");
    std::vector<const Dict::Item*> items;
    for (const Dict::Item& item : dict.items()) items.push_back(&item);
    if (style_.sort_keys) TRY(sort(items));
    TRY(put("{"));
    ++level_;
    bool first = true;
    for (const Dict::Item* item : items) {
      TRY(separate(first));
      TRY(write_key(item->first));
      TRY(put(style_.after_key));
      TRY(write(item->second));
    }
    --level_;
    TRY(new_line());
    return put("}");
  }

  Result<void> write_key(const Value& key) {
    if (const Text* text = key.as<Text>()) return put(quoted(text->utf8, style_.ascii));
    const auto scalar = scalar_text(key);
    if (!scalar)
      return runtime_.fail("keys must be str, int, float, bool or None, not {}", type_name(key));
    return put("\"" + *scalar + "\"");
  }

  Result<void> sort(std::vector<const Dict::Item*>& items) {
    Result<void> outcome;
    TRY(runtime_.charge(items.size() * 20));
    merge_sort(items, [&](const Dict::Item* a, const Dict::Item* b) {
      if (!outcome) return false;
      const auto before = less(runtime_, a->first, b->first);
      if (!before) outcome = std::unexpected(before.error());
      return before.value_or(false);
    });
    return outcome;
  }

  Runtime& runtime_;
  const JsonStyle& style_;
  std::string& out_;
  int level_ = 0;
};

}  // namespace

Result<std::string> to_json(Runtime& runtime, const Value& value, const JsonStyle& style) {
  std::string out;
  TRY(JsonWriter(runtime, style, out).write(value));
  return out;
}

}  // namespace mill::jinja
