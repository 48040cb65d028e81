#include "data/template/printing.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/assert.h"
#include "data/template/code_points.h"
#include "data/template/operators.h"
#include "data/template/runtime.h"

namespace mill::jinja {

std::string real_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  ASSERT(error == std::errc(), value);
  // "-d.ddde±xx"; Python leaves the exponent out from 1e-4 to below 1e16.
  const std::string_view scientific(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = scientific.find('e');
  const int exponent = std::stoi(std::string(scientific.substr(e + 1)));
  if (exponent < -4 || exponent >= 16) return std::string(scientific);
  const int decimals = std::max(static_cast<int>(e) - 2 - (value < 0 || std::signbit(value)), 0);
  return fmt::format("{:.{}f}", value, std::max(decimals - exponent, 1));
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escape_of(char32_t point) {
  const auto value = static_cast<unsigned>(point);
  if (point < 0x100) return fmt::format("\\x{:02x}", value);
  return point < 0x10000 ? fmt::format("\\u{:04x}", value) : fmt::format("\\U{:08x}", value);
}

namespace {

// 'text', or "text" where there is a ' and no ".
void quote(std::string& out, std::string_view text) {
  const bool single = text.find('\'') == std::string_view::npos || text.find('"') != text.npos;
  const char mark = single ? '\'' : '"';
  out += mark;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t point = next_code_point(text, at);
    if (point == static_cast<char32_t>(mark) || point == '\\')
      out.append({'\\', static_cast<char>(point)});
    else if (point == '\n')
      out += "\\n";
    else if (point == '\r')
      out += "\\r";
    else if (point == '\t')
      out += "\\t";
    else if (is_printable(point))
      out += text.substr(begin, at - begin);
    else
      out += escape_of(point);
  }
  out += mark;
}

class Printer {
 public:
  Printer(Runtime& runtime, std::string& out) : runtime_(runtime), out_(out) {}

  Result<void> print(const Value& value) {
    TRY(runtime_.charge(1));
    if (depth_ > kValueDepthMax) return runtime_.fail("values are nested too deeply to print");
    ++depth_;
    TRY(std::visit([this](const auto& data) { return show(data); }, value.data()));
    --depth_;
    return {};
  }

 private:
  Result<void> put(std::string_view text) {
    TRY(runtime_.charge_bytes(text.size()));
    if (out_.size() + text.size() > kTextBytesMax) return runtime_.fail("the text grows too long");
    out_ += text;
    return {};
  }

  Result<void> show(None) { return put("None"); }
  Result<void> show(bool value) { return put(value ? "True" : "False"); }
  Result<void> show(std::int64_t value) { return put(std::to_string(value)); }
  Result<void> show(double value) { return put(real_repr(value)); }
  Result<void> show(const Ptr<const Undefined>&) { return put("Undefined"); }
  Result<void> show(const Ptr<const Text>& text) {
    std::string quoted;
    quote(quoted, text->utf8);
    return put(text->safe ? fmt::format("Markup({})", quoted) : quoted);
  }
  Result<void> show(const Ptr<Iterator>&) { return put("<generator object>"); }
  Result<void> show(const Ptr<const Callable>&) { return put("<function>"); }
  Result<void> show(const Ptr<Loop>&) { return put("<LoopContext>"); }

  Result<void> show(const Ptr<const Sequence>& sequence) {
    if (sequence->shape == Shape::range) return put(sequence->title);
    const bool tuple = sequence->shape == Shape::tuple;
    if (sequence->shape == Shape::view) TRY(put(sequence->title + "("));
    TRY(put(tuple ? "(" : "["));
    bool first = true;
    for (const Value& item : sequence->items) {
      if (!std::exchange(first, false)) TRY(put(", "));
      TRY(print(item));
    }
    if (tuple && sequence->items.size() == 1) TRY(put(","));
    TRY(put(tuple ? ")" : "]"));
    return sequence->shape == Shape::view ? put(")") : Result<void>();
  }

  template <class Key>
  Result<void> show_items(const std::vector<std::pair<Key, Value>>& items) {
    TRY(put("{"));
    bool first = true;
    for (const auto& [key, value] : items) {
      if (!std::exchange(first, false)) TRY(put(", "));
      if constexpr (std::is_same_v<Key, Value>)
        TRY(print(key));
      else
        TRY(print(Value::text(key)));
      TRY(put(": "));
      TRY(print(value));
    }
    return put("}");
  }
  Result<void> show(const Ptr<const Dict>& dict) { return show_items(dict->items()); }
  Result<void> show(const Ptr<Namespace>& space) {
    TRY(put("<Namespace "));
    TRY(show_items(space->items));
    return put(">");
  }

  Runtime& runtime_;
  std::string& out_;
  int depth_ = 0;
};

}  // namespace

Result<std::string> repr(Runtime& runtime, const Value& value) {
  std::string out;
  TRY(Printer(runtime, out).print(value));
  return out;
}

Result<std::string> str(Runtime& runtime, const Value& value) {
  if (value.is_undefined()) return std::string();
  const Text* text = value.as<Text>();
  if (text == nullptr) return repr(runtime, value);
  TRY(runtime.charge_bytes(text->utf8.size()));
  return text->utf8;
}

}  // namespace mill::jinja
