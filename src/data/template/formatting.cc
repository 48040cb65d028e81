#include "data/template/formatting.h"

#include <algorithm>
#include <cctype>

#include "data/template/access.h"
#include "data/template/code_points.h"
#include "data/template/numbers.h"
#include "data/template/printing.h"
#include "data/template/runtime.h"

namespace mill::jinja {
namespace {

constexpr std::int64_t kWidthMax = 1'000'000;

// Walks over a format's characters.
struct Cursor {
  std::string_view rest;
  bool empty() const { return rest.empty(); }
  char peek() const { return rest.empty() ? '\0' : rest.front(); }
  char take() {
    const char c = peek();
    if (!rest.empty()) rest.remove_prefix(1);
    return c;
  }
  bool take_if(char c) { return peek() == c && !rest.empty() ? (take(), true) : false; }
  std::string_view until(char end) {
    const std::string_view found = rest.substr(0, rest.find(end));
    rest.remove_prefix(std::min(found.size() + 1, rest.size()));
    return found;
  }
  std::optional<std::int64_t> number() {
    if (std::isdigit(static_cast<unsigned char>(peek())) == 0) return std::nullopt;
    std::int64_t value = 0;
    while (std::isdigit(static_cast<unsigned char>(peek())) != 0)
      value = std::min<std::int64_t>(value * 10 + (take() - '0'), kWidthMax + 1);
    return value;
  }
};

// %-format: what is to be filled in, in order or by name.
class PercentFormatter {
 public:
  PercentFormatter(Runtime& runtime, const Value& values) : runtime_(runtime), values_(values) {
    const Sequence* sequence = values.as<Sequence>();
    if (sequence != nullptr && sequence->shape == Shape::tuple)
      queue_ = sequence->items;
    else
      queue_ = {values};
  }

  Result<std::string> run(std::string_view format) {
    Cursor cursor{format};
    std::string out;
    while (!cursor.empty()) {
      const std::string_view plain = cursor.rest.substr(0, cursor.rest.find('%'));
      out += plain;
      cursor.rest.remove_prefix(plain.size());
      if (cursor.empty()) break;
      cursor.take();
      TRY_ASSIGN(const std::string filled, one(cursor));
      TRY(runtime_.expect_bytes(out.size() + filled.size()));
      out += filled;
    }
    const bool named = values_.as<Dict>() != nullptr || values_.as<Sequence>() != nullptr;
    const bool tuple = values_.as<Sequence>() && values_.as<Sequence>()->shape == Shape::tuple;
    if (next_ < queue_.size() && !by_name_ && (tuple || !named))
      return runtime_.fail("not all arguments converted during string formatting");
    return out;
  }

 private:
  Result<Value> next() {
    if (next_ >= queue_.size()) return runtime_.fail("not enough arguments for format string");
    return queue_[next_++];
  }

  Result<Value> named(std::string_view name) {
    const Dict* dict = values_.as<Dict>();
    if (dict == nullptr) return runtime_.fail("format requires a mapping");
    by_name_ = true;
    if (const Value* found = dict->find(name)) return *found;
    return runtime_.fail("the format's '{}' is missing", name);
  }

  Result<std::string> one(Cursor& cursor) {
    if (cursor.take_if('%')) return std::string("%");
    std::optional<Value> value;
    if (cursor.take_if('(')) {
      TRY_ASSIGN(value, named(cursor.until(')')));
    }
    Layout layout;
    bool zeros = false, left = false;
    for (bool more = true; more;) {
      switch (cursor.peek()) {
        case '-':
          left = true;
          break;
        case '0':
          zeros = true;
          break;
        case '+':
          layout.sign = '+';
          break;
        case ' ':
          layout.sign = layout.sign == '+' ? '+' : ' ';
          break;
        case '#':
          layout.alternative = true;
          break;
        default:
          more = false;
      }
      if (more) cursor.take();
    }
    layout.width = cursor.number().value_or(0);
    if (cursor.take_if('.')) layout.precision = static_cast<int>(cursor.number().value_or(0));
    if (layout.width > kWidthMax) return runtime_.fail("the format's width is too large");
    if (cursor.empty()) return runtime_.fail("incomplete format");
    layout.type = cursor.take();
    if (!value) {
      TRY_ASSIGN(value, next());
    }
    layout.align = left ? '<' : '>';
    if (zeros && !left && value->number()) {
      layout.align = '=';
      layout.fill = "0";
    }
    return converted(*value, layout);
  }

  Result<std::string> converted(const Value& value, Layout layout) {
    const char type = std::exchange(layout.type, 's');
    if (type == 's' || type == 'r' || type == 'a') {
      if (layout.align == '=') layout.align = '>', layout.fill = " ";
      TRY_ASSIGN(std::string shown, type == 's' ? str(runtime_, value) : repr(runtime_, value));
      TRY_ASSIGN(const Value text, runtime_.text(std::move(shown)));
      return laid_out(runtime_, text, layout);
    }
    if (type == 'c') return character(value, layout);
    static constexpr std::string_view kNumeric = "diuxXofFeEgG";
    if (kNumeric.find(type) == std::string_view::npos)
      return runtime_.fail("unsupported format character '{}'", type);
    if (const Undefined* undefined = value.as<Undefined>())
      return runtime_.fail("{}", undefined->reason);
    if (!value.number())
      return runtime_.fail("%{} format: a number is required, not {}", type, type_name(value));
    layout.type = type == 'i' || type == 'u' ? 'd' : type;
    const bool whole = std::string_view("dxXo").find(layout.type) != std::string_view::npos;
    const double* real = value.as<double>();
    if (!whole || real == nullptr) {
      if (whole) layout.precision = -1;
      return laid_out(runtime_, value, layout);
    }
    if (layout.type != 'd')
      return runtime_.fail("%{} format: an integer is required, not float", layout.type);
    if (!(*real > -9.2e18 && *real < 9.2e18)) return runtime_.fail("%d: {} is out of range", *real);
    layout.precision = -1;
    return laid_out(runtime_, Value(static_cast<std::int64_t>(*real)), layout);
  }

  Result<std::string> character(const Value& value, const Layout& layout) {
    std::string text;
    if (const Text* given = value.as<Text>()) text = given->utf8;
    const auto point = value.integer();
    if (point && *point >= 0 && *point <= 0x10FFFF && (*point < 0xD800 || *point > 0xDFFF))
      append_code_point(text, static_cast<char32_t>(*point));
    if (count_code_points(text) != 1) return runtime_.fail("%c requires int or char");
    Layout plain = layout;
    if (plain.align == '=') plain.align = '>', plain.fill = " ";
    return laid_out(runtime_, Value::text(text), plain);
  }

  Runtime& runtime_;
  const Value& values_;
  std::vector<Value> queue_;
  std::size_t next_ = 0;
  bool by_name_ = false;
};

// '{…}'.format: the fields' values, laid out.
class BraceFormatter {
 public:
  BraceFormatter(Runtime& runtime, const Arguments& values) : runtime_(runtime), values_(values) {}

  Result<std::string> run(std::string_view format, int depth = 0) {
    if (depth > 1) return runtime_.fail("max string recursion exceeded");
    Cursor cursor{format};
    std::string out;
    while (!cursor.empty()) {
      const char c = cursor.take();
      if (c == '{' && !cursor.take_if('{')) {
        TRY_ASSIGN(const std::string filled, field(cursor, depth));
        TRY(runtime_.expect_bytes(out.size() + filled.size()));
        out += filled;
      } else if (c == '}' && !cursor.take_if('}')) {
        return runtime_.fail("single '}}' encountered in format string");
      } else {
        out += c;
      }
    }
    return out;
  }

 private:
  // name [!conversion] [:specification] }, the specification with fields of its own.
  Result<std::string> field(Cursor& cursor, int depth) {
    const std::size_t size = field_size(cursor.rest);
    if (size == std::string_view::npos)
      return runtime_.fail("expected '}}' before end of format string");
    std::string_view inside = cursor.rest.substr(0, size);
    cursor.rest.remove_prefix(size + 1);
    const std::size_t name_end = std::min(inside.find_first_of("!:"), inside.size());
    TRY_ASSIGN(Value value, looked_up(inside.substr(0, name_end)));
    inside.remove_prefix(name_end);
    if (inside.starts_with('!')) {
      if (inside.size() < 2 || (inside.size() > 2 && inside[2] != ':'))
        return runtime_.fail("expected ':' after conversion specifier");
      TRY_ASSIGN(value, converted(value, inside[1]));
      inside.remove_prefix(2);
    }
    if (inside.starts_with(':')) inside.remove_prefix(1);
    if (inside.empty()) return str(runtime_, value);
    TRY_ASSIGN(const std::string specification, run(inside, depth + 1));
    TRY_ASSIGN(const Layout layout, parsed(specification));
    return laid_out(runtime_, value, layout);
  }

  static std::size_t field_size(std::string_view rest) {
    int open = 0;
    for (std::size_t i = 0; i < rest.size(); ++i) {
      if (rest[i] == '{') ++open;
      if (rest[i] == '}' && open-- == 0) return i;
    }
    return std::string_view::npos;
  }

  Result<Value> converted(const Value& value, char conversion) {
    if (conversion != 'r' && conversion != 's' && conversion != 'a')
      return runtime_.fail("unknown conversion specifier '{}'", conversion);
    TRY_ASSIGN(std::string shown, conversion == 's' ? str(runtime_, value) : repr(runtime_, value));
    return runtime_.text(std::move(shown));
  }

  Result<Value> first(std::string_view name) {
    if (name.empty()) {
      if (numbered_) return runtime_.fail("cannot mix automatic and numbered fields");
      return positional(static_cast<std::int64_t>(next_++));
    }
    const bool digits = name.find_first_not_of("0123456789") == std::string_view::npos;
    if (digits) {
      if (next_ > 0) return runtime_.fail("cannot mix automatic and numbered fields");
      numbered_ = true;
      return positional(integer_from_text(name).value_or(-1));
    }
    for (const auto& [key, value] : values_.named)
      if (key == name) return value;
    return runtime_.fail("the format's '{}' is missing", name);
  }

  Result<Value> positional(std::int64_t index) {
    if (index < 0 || index >= static_cast<std::int64_t>(values_.positional.size()))
      return runtime_.fail("the format has more fields than there are arguments");
    return values_.positional[static_cast<std::size_t>(index)];
  }

  // a.b[c]
  Result<Value> looked_up(std::string_view name) {
    const std::size_t end = std::min(name.find_first_of(".["), name.size());
    TRY_ASSIGN(Value value, first(name.substr(0, end)));
    Cursor cursor{name.substr(end)};
    while (!cursor.empty()) {
      TRY(runtime_.charge(1));
      const bool dot = cursor.take() == '.';
      const std::string_view key =
          dot ? cursor.rest.substr(0, cursor.rest.find_first_of(".[")) : cursor.until(']');
      if (key.empty()) return runtime_.fail("empty attribute in format string");
      if (dot) {
        cursor.rest.remove_prefix(key.size());
        TRY_ASSIGN(value, attribute(runtime_, value, key));
        continue;
      }
      const auto index = integer_from_text(key);
      TRY_ASSIGN(value,
                 item(runtime_, value, index ? Value(*index) : Value::text(std::string(key))));
    }
    return value;
  }

  Result<Layout> parsed(std::string_view specification) {
    static constexpr std::string_view kAligns = "<>^=";
    const auto aligns = [](char c) { return kAligns.find(c) != std::string_view::npos; };
    Layout layout;
    Cursor cursor{specification};
    std::size_t fill = 0;
    next_code_point(specification, fill);
    if (fill < specification.size() && aligns(specification[fill])) {
      layout.fill = specification.substr(0, fill);
      cursor.rest.remove_prefix(fill);
    }
    if (!cursor.empty() && aligns(cursor.peek())) layout.align = cursor.take();
    if (cursor.peek() == '+' || cursor.peek() == '-' || cursor.peek() == ' ')
      layout.sign = cursor.take();
    layout.alternative = cursor.take_if('#');
    if (cursor.take_if('0') && layout.align == 0) {
      layout.align = '=';
      layout.fill = "0";
    }
    layout.width = cursor.number().value_or(0);
    layout.grouped = cursor.take_if(',');
    if (cursor.take_if('.')) layout.precision = static_cast<int>(cursor.number().value_or(0));
    layout.type = cursor.take();
    if (!cursor.empty() || layout.width > kWidthMax)
      return runtime_.fail("invalid format specifier '{}'", specification);
    return layout;
  }

  Runtime& runtime_;
  const Arguments& values_;
  std::size_t next_ = 0;
  bool numbered_ = false;
};

}  // namespace

Result<Value> percent_format(Runtime& runtime, const Text& text, const Value& values) {
  TRY_ASSIGN(std::string filled, PercentFormatter(runtime, values).run(text.utf8));
  return runtime.text(std::move(filled), text.safe);
}

Result<Value> brace_format(Runtime& runtime, const Text& text, const Arguments& values) {
  TRY_ASSIGN(std::string filled, BraceFormatter(runtime, values).run(text.utf8));
  return runtime.text(std::move(filled), text.safe);
}

}  // namespace mill::jinja
