#include "service/dialect/json_scanner.h"

#include <cctype>

namespace mill::dialect {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

}  // namespace

Scan JsonScanner::feed(char c) {
  switch (state_) {
    case State::value:
      return is_space(c) ? Scan::more : open_value(c);
    case State::first_value:
      if (is_space(c)) return Scan::more;
      return c == ']' ? close(c) : open_value(c);
    case State::first_key:
      if (c == '}') return close(c);
      [[fallthrough]];
    case State::key:
      if (is_space(c)) return Scan::more;
      is_key_ = true;
      return c == '"' ? go(State::string) : Scan::bad;
    case State::colon:
      if (is_space(c)) return Scan::more;
      return c == ':' ? go(State::value) : Scan::bad;
    case State::after:
      if (is_space(c)) return Scan::more;
      if (c == ',') return go(nesting_.back() == '{' ? State::key : State::value);
      return close(c);
    case State::string:
    case State::escape:
    case State::hex:
      return in_string(c);
    case State::literal:
      if (c != literal_.front()) return Scan::bad;
      literal_.remove_prefix(1);
      return literal_.empty() ? ended() : Scan::more;
    default:
      return in_number(c);
  }
}

Scan JsonScanner::open_value(char c) {
  is_key_ = false;
  if (c == '"') return go(State::string);
  if (c == '{') return open(c, State::first_key);
  if (c == '[') return open(c, State::first_value);
  if (c == '-') return go(State::minus);
  if (is_digit(c)) return go(c == '0' ? State::zero : State::digits);
  literal_ = c == 't' ? "rue" : c == 'f' ? "alse" : c == 'n' ? "ull" : "";
  return literal_.empty() ? Scan::bad : go(State::literal);
}

Scan JsonScanner::open(char bracket, State next) {
  if (nesting_.size() == kDepthMax) return Scan::bad;
  nesting_ += bracket;
  return go(next);
}

Scan JsonScanner::close(char c) {
  if (c != (nesting_.back() == '{' ? '}' : ']')) return Scan::bad;
  nesting_.pop_back();
  return ended();
}

Scan JsonScanner::ended() {
  if (nesting_.empty()) return Scan::done;
  return go(State::after);
}

Scan JsonScanner::in_string(char c) {
  if (state_ == State::hex) {
    if (!is_hex(c)) return Scan::bad;
    return --hex_left_ == 0 ? go(State::string) : Scan::more;
  }
  if (state_ == State::escape) {
    hex_left_ = 4;
    if (c == 'u') return go(State::hex);
    return std::string_view("\"\\/bfnrt").contains(c) ? go(State::string) : Scan::bad;
  }
  if (c == '\\') return go(State::escape);
  if (c == '"') return is_key_ ? go(State::colon) : ended();
  return static_cast<unsigned char>(c) < 0x20 ? Scan::bad : Scan::more;
}

// -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
Scan JsonScanner::in_number(char c) {
  const bool exponent = c == 'e' || c == 'E';
  const State now = state_;
  if (is_digit(c)) {
    if (now == State::minus) return go(c == '0' ? State::zero : State::digits);
    if (now == State::point) return go(State::fraction);
    if (now == State::exponent || now == State::exponent_sign) return go(State::exponent_digits);
    return now == State::zero ? Scan::bad : Scan::more;
  }
  if (now == State::exponent && (c == '+' || c == '-')) return go(State::exponent_sign);
  const bool integer = now == State::zero || now == State::digits;
  if (integer && c == '.') return go(State::point);
  if ((integer || now == State::fraction) && exponent) return go(State::exponent);
  if (!integer && now != State::fraction && now != State::exponent_digits) return Scan::bad;
  if (nesting_.empty()) return Scan::past;
  state_ = State::after;
  return feed(c);
}

}  // namespace mill::dialect
