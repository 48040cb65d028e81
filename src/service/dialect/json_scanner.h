#pragma once
// Follows one JSON value (RFC 8259) byte by byte, so that it can be passed on while it comes.

#include <cstdint>
#include <string>
#include <string_view>

namespace mill::dialect {

enum class Scan : uint8_t {
  more,  // a part of the value
  done,  // its last byte
  past,  // the value had ended before this byte (a number ends only where something else begins)
  bad,   // no JSON begins like this
};

class JsonScanner {
 public:
  Scan feed(char c);
  bool in_string() const {
    return state_ == State::string || state_ == State::escape || state_ == State::hex;
  }

 private:
  enum class State : uint8_t {
    value,
    first_value,
    first_key,
    key,
    colon,
    after,
    string,
    escape,
    hex,
    literal,
    minus,
    zero,
    digits,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
  };
  static constexpr size_t kDepthMax = 1'000;  // grammars let models nest; who writes JSON recurses

  Scan open_value(char c);
  Scan open(char bracket, State next);
  Scan close(char c);
  Scan ended();
  Scan in_string(char c);
  Scan in_number(char c);
  Scan go(State next) {
    state_ = next;
    return Scan::more;
  }

  State state_ = State::value;
  std::string nesting_;  // '{' and '['
  bool is_key_ = false;  // the string under way
  int hex_left_ = 0;
  std::string_view literal_;  // what is still to come of true, false, null
};

}  // namespace mill::dialect
