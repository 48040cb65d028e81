#include "service/dialect/python_literal.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "data/tokenizer/utf8.h"

namespace mill::dialect {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDepthMax = 1'000;

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::optional<PythonCall> call() {
    PythonCall out{dotted(), Json::object()};
    if (out.name.empty() || !take('(')) return std::nullopt;
    while (!take(')')) {
      const std::string key = word();
      if (key.empty() || !take('=')) return std::nullopt;
      auto value = this->value(0);
      if (!value) return std::nullopt;
      out.arguments[key] = std::move(*value);
      if (!take(',') && !next_is(')')) return std::nullopt;
    }
    skip_space();
    if (!rest_.empty()) return std::nullopt;
    if (out.name.ends_with(".call")) out.name.resize(out.name.size() - 5);
    return out;
  }

 private:
  void skip_space() {
    const size_t at = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(std::min(at, rest_.size()));
  }
  bool next_is(char c) {
    skip_space();
    return rest_.starts_with(c);
  }
  bool take(char c) {
    if (!next_is(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string word(bool dots = false) {
    skip_space();
    size_t end = 0;
    while (end < rest_.size() &&
           (is_name(rest_[end]) || (dots && (rest_[end] == '.' || rest_[end] == '-'))))
      ++end;
    const std::string out(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return out;
  }
  std::string dotted() { return word(true); }

  std::optional<Json> value(int depth) {
    skip_space();
    if (rest_.empty() || depth > kDepthMax) return std::nullopt;
    const char c = rest_.front();
    if (c == '\'' || c == '"') return string();
    if (c == '[') return list(depth, ']');
    if (c == '(') return list(depth, ')');
    if (c == '{') return dict(depth);
    if (c == '-' || c == '+' || c == '.' || (c >= '0' && c <= '9')) return number();
    return constant();
  }

  std::optional<Json> constant() {
    const std::string name = word();
    if (name == "True" || name == "true") return Json(true);
    if (name == "False" || name == "false") return Json(false);
    if (name == "None" || name == "null") return Json(nullptr);
    return std::nullopt;
  }

  std::optional<Json> number() {
    if (rest_.front() == '+') rest_.remove_prefix(1);
    const size_t end = std::min(rest_.find_first_not_of("0123456789+-.eE"), rest_.size());
    const char* const first = rest_.data();
    const char* const last = first + end;
    rest_.remove_prefix(end);
    int64_t whole = 0;
    if (const auto read = std::from_chars(first, last, whole);
        read.ec == std::errc() && read.ptr == last)
      return Json(whole);
    double real = 0;
    const auto read = std::from_chars(first, last, real);
    if (read.ec != std::errc() || read.ptr != last || !std::isfinite(real)) return std::nullopt;
    return Json(real);
  }

  std::optional<Json> list(int depth, char close) {
    rest_.remove_prefix(1);
    Json out = Json::array();
    while (!take(close)) {
      auto item = value(depth + 1);
      if (!item) return std::nullopt;
      out.push_back(std::move(*item));
      if (!take(',') && !next_is(close)) return std::nullopt;
    }
    return out;
  }

  std::optional<Json> dict(int depth) {
    rest_.remove_prefix(1);
    Json out = Json::object();
    while (!take('}')) {
      skip_space();
      const bool quoted = rest_.starts_with('\'') || rest_.starts_with('"');
      const auto key = quoted ? string() : std::nullopt;
      if (!key || !take(':')) return std::nullopt;
      auto item = value(depth + 1);
      if (!item) return std::nullopt;
      out[key->get<std::string>()] = std::move(*item);
      if (!take(',') && !next_is('}')) return std::nullopt;
    }
    return out;
  }

  std::optional<Json> string() {
    const char quote = rest_.front();
    rest_.remove_prefix(1);
    std::string out;
    while (!rest_.empty() && rest_.front() != quote) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return std::nullopt;
      }
    }
    if (rest_.empty() || !tok::is_utf8(out)) return std::nullopt;
    rest_.remove_prefix(1);
    return Json(std::move(out));
  }

  // What is no escape in Python stays as it is: '\d' is a backslash and a d.
  bool escape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    constexpr std::string_view kFrom = "ntr0abfv\\'\"\n", kTo{"\n\t\r\0\a\b\f\v\\'\"", 11};
    if (c == 'x') return code(2, out);
    if (c == 'u') return code(4, out);
    const size_t at = kFrom.find(c);
    if (at == std::string_view::npos) {
      out += '\\';
      out += c;
    } else if (at < kTo.size()) {
      out += kTo[at];
    }
    return true;
  }

  bool code(size_t digits, std::string& out) {
    uint32_t code = 0;
    if (rest_.size() < digits) return false;
    const auto read = std::from_chars(rest_.data(), rest_.data() + digits, code, 16);
    if (read.ec != std::errc() || read.ptr != rest_.data() + digits) return false;
    if (code >= 0xD800 && code < 0xE000) return false;
    rest_.remove_prefix(digits);
    tok::append_utf8(out, code);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<PythonCall> parse_python_call(std::string_view text) { return Parser(text).call(); }

}  // namespace mill::dialect
