#include "llm/reason/arithmetic.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <utility>

namespace mill::llm {
namespace {

using Maybe = std::optional<Fraction>;

Maybe reduced(int64_t top, int64_t bottom) {
  if (bottom == 0 || top == INT64_MIN || bottom == INT64_MIN) return std::nullopt;
  if (bottom < 0) top = -top, bottom = -bottom;
  const int64_t common = std::gcd(top, bottom);
  return Fraction{top / common, bottom / common};
}

std::optional<int64_t> product(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

Maybe times(const Fraction& a, const Fraction& b) {
  const auto top = product(a.top, b.top), bottom = product(a.bottom, b.bottom);
  return top && bottom ? reduced(*top, *bottom) : std::nullopt;
}

Maybe over(const Fraction& a, const Fraction& b) {
  if (b.top == 0) return std::nullopt;
  return times(a, {b.bottom, b.top});
}

Maybe plus(const Fraction& a, const Fraction& b) {
  const auto left = product(a.top, b.bottom), right = product(b.top, a.bottom);
  const auto bottom = product(a.bottom, b.bottom);
  int64_t top = 0;
  if (!left || !right || !bottom || __builtin_add_overflow(*left, *right, &top))
    return std::nullopt;
  return reduced(top, *bottom);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// kind: a digit for a number, the sign itself for signs, '.' for what ends a calculation
struct Lexeme {
  char kind = '.';
  Fraction number = {};
  uint32_t decimals = 0;
  size_t begin = 0, end = 0;
};

// Signs that are more than a byte long, and those that mean nothing here.
struct Spelling {
  std::string_view text;
  char kind;
};
constexpr std::array kSpellings = {Spelling{"×", '*'}, Spelling{"÷", '/'}, Spelling{"−", '-'},
                                   Spelling{"·", '*'}, Spelling{"€", ' '}, Spelling{"£", ' '}};

// digits { "," digit digit digit } [ "." digits ]
Lexeme number_at(std::string_view text, size_t at) {
  Lexeme it{.kind = '0', .begin = at};
  int64_t top = 0, bottom = 1;
  bool fits = true, point = false;
  const auto three = [&](size_t from) {
    return from + 3 <= text.size() && std::all_of(&text[from], &text[from] + 3, is_digit) &&
           (from + 3 == text.size() || !is_digit(text[from + 3]));
  };
  for (; at < text.size(); ++at) {
    if (!point && text[at] == ',' && three(at + 1)) continue;
    if (!point && text[at] == '.' && at + 1 < text.size() && is_digit(text[at + 1])) {
      point = true;
      continue;
    }
    if (!is_digit(text[at])) break;
    fits = fits && top < INT64_MAX / 10 - 1 && bottom < INT64_MAX / 10;
    if (!fits) continue;
    top = top * 10 + (text[at] - '0');
    if (point) bottom *= 10, ++it.decimals;
  }
  it.end = at;
  if (fits) it.number = *reduced(top, bottom);
  if (!fits) it.kind = '.';
  return it;
}

Lexeme lexeme_at(std::string_view text, size_t at) {
  if (is_digit(text[at])) return number_at(text, at);
  for (const Spelling& it : kSpellings)
    if (text.substr(at).starts_with(it.text))
      return {.kind = it.kind, .begin = at, .end = at + it.text.size()};
  const char c = text[at];
  const bool sign = std::string_view("+-*/()=% ").contains(c);
  return {.kind = c == '$' ? ' ' : sign ? c : '.', .begin = at, .end = at + 1};
}

// "3 x 4": a letter that stands between numbers.
bool is_times(const std::vector<Lexeme>& before, std::string_view text, size_t at) {
  if ((text[at] != 'x' && text[at] != 'X') || before.empty()) return false;
  const char last = before.back().kind;
  const size_t next = text.find_first_not_of(" $", at + 1);
  return (last == '0' || last == ')' || last == '%') && next != std::string_view::npos &&
         (is_digit(text[next]) || text[next] == '(');
}

// A '-', '*' or '+' that begins a line and has a blank behind it is a bullet.
bool is_bullet(std::string_view text, const Lexeme& it) {
  const bool marks = std::string_view("-*+").contains(it.kind);
  if (!marks || it.end == text.size() || text[it.end] != ' ') return false;
  const size_t before = text.substr(0, it.begin).find_last_not_of(' ');
  return before == std::string_view::npos || text[before] == '\n';
}

std::vector<Lexeme> lexemes(std::string_view text) {
  std::vector<Lexeme> all;
  for (size_t at = 0; at < text.size();) {
    Lexeme it = lexeme_at(text, at);
    if (is_times(all, text, at)) it.kind = '*';
    if (is_bullet(text, it)) it.kind = '.';
    at = it.end;
    if (it.kind != ' ') all.push_back(it);
  }
  return all;
}

struct Side {
  Fraction value = {};
  bool computes = false;  // it is more than a number
  uint32_t decimals = 0;  // of a number
};

constexpr int kDepthMax = 32;

// One side: the whole of the lexemes, or nothing.
class Reader {
 public:
  explicit Reader(std::span<const Lexeme> lexemes) : rest_(lexemes) {}

  std::optional<Side> side() {
    const uint32_t decimals = rest_.size() == 1 ? rest_[0].decimals : 0;
    const bool computes =
        std::ranges::any_of(
            rest_, [](const Lexeme& it) { return std::string_view("+*/%").contains(it.kind); }) ||
        std::ranges::any_of(rest_.subspan(std::min<size_t>(1, rest_.size())),
                            [](const Lexeme& it) { return it.kind == '-'; });
    const Maybe value = sum();
    if (!value || !rest_.empty()) return std::nullopt;
    return Side{*value, computes, decimals};
  }

 private:
  char next() const { return rest_.empty() ? '.' : rest_[0].kind; }
  Lexeme take() {
    const Lexeme it = rest_[0];
    rest_ = rest_.subspan(1);
    return it;
  }

  Maybe sum() {
    const bool negative = next() == '-';
    if (negative) take();
    Maybe value = term();
    if (negative && value) value = times(*value, {-1, 1});
    while (value && (next() == '+' || next() == '-')) {
      const int64_t sign = take().kind == '+' ? 1 : -1;
      const Maybe more = term();
      const Maybe signed_more = more ? times(*more, {sign, 1}) : std::nullopt;
      value = signed_more ? plus(*value, *signed_more) : std::nullopt;
    }
    return value;
  }

  Maybe term() {
    Maybe value = factor();
    while (value && (next() == '*' || next() == '/')) {
      const bool multiplies = take().kind == '*';
      const Maybe more = factor();
      value = !more ? std::nullopt : multiplies ? times(*value, *more) : over(*value, *more);
    }
    return value;
  }

  Maybe factor() {
    Maybe value;
    if (next() == '0') {
      value = take().number;
    } else if (next() == '(' && ++depth_ <= kDepthMax) {
      take();
      value = sum();
      --depth_;
      if (next() != ')') return std::nullopt;
      take();
    }
    if (!value || next() != '%') return value;
    take();
    return over(*value, {100, 1});
  }

  std::span<const Lexeme> rest_;
  int depth_ = 0;
};

// |a - b| is at most half of b's last digit.
bool rounds_to(const Fraction& a, const Side& b) {
  if (b.decimals == 0) return false;
  int64_t unit = 2;
  for (uint32_t i = 0; i < b.decimals; ++i) unit *= 10;  // a number has at most 18
  const Maybe minus = times(b.value, {-1, 1});
  Maybe apart = minus ? plus(a, *minus) : std::nullopt;
  if (apart && apart->top < 0) apart->top = -apart->top;
  const auto scaled = apart ? product(apart->top, unit) : std::nullopt;
  return scaled && *scaled <= apart->bottom;
}

// Lexemes from `first` to `last`, in which no calculation ends.
void judge(std::string_view text, std::span<const Lexeme> run, Calculations& out) {
  std::optional<Side> before;
  size_t begin = 0;  // of the side before
  for (size_t at = 0; at <= run.size();) {
    const auto rest = run.subspan(at);
    const auto length =
        static_cast<size_t>(std::ranges::find(rest, '=', &Lexeme::kind) - rest.begin());
    const std::optional<Side> side = Reader(rest.first(length)).side();
    if (before && side && (before->computes || side->computes)) {
      const bool agree = before->value == side->value || rounds_to(before->value, *side);
      ++(agree ? out.right : out.wrong);
      out.results.push_back(side->value);
      const size_t from = run[begin].begin;
      if (!agree && out.first_wrong.empty())
        out.first_wrong = text.substr(from, rest[length - 1].end - from);
    }
    before = side;
    begin = at;
    at += length + 1;
  }
}

}  // namespace

Calculations calculations(std::string_view text) {
  Calculations out;
  const std::vector<Lexeme> all = lexemes(text);
  for (std::span<const Lexeme> rest = all; !rest.empty();) {
    const auto end = std::ranges::find(rest, '.', &Lexeme::kind);
    const auto length = static_cast<size_t>(end - rest.begin());
    if (length > 0) judge(text, rest.first(length), out);
    rest = rest.subspan(std::min(length + 1, rest.size()));
  }
  return out;
}

std::optional<Fraction> fraction_of(std::string_view number) {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  if (number.empty() || !is_digit(number[0])) return std::nullopt;
  const Lexeme it = number_at(number, 0);
  if (it.kind != '0' || it.end != number.size()) return std::nullopt;
  return Fraction{negative ? -it.number.top : it.number.top, it.number.bottom};
}

}  // namespace mill::llm
