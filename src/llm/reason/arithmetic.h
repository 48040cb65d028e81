#pragma once
// The calculations that a text writes down, done again.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mill::llm {

// Exact; the denominator is positive, and both have no divisor in common.
struct Fraction {
  int64_t top = 0, bottom = 1;
  bool operator==(const Fraction&) const = default;
};

struct Calculations {
  uint32_t right = 0, wrong = 0;
  std::vector<Fraction> results = {};  // what stands behind each "="
  std::string first_wrong = {};        // "2 * 3 = 7"
};

// calculation = side "=" side { "=" side }       at least one of them computes something
// side        = [ "-" ] term { ("+" | "-" | "−") term }
// term        = factor { ("*" | "×" | "x" | "/" | "÷") factor }
// factor      = number [ "%" ] | "(" side ")"
//
// Currencies and the commas of thousands are passed over; words, line breaks and all else end it.
// A side that is no such thing makes what it stands beside no calculation: this is prose. Two sides
// agree if they are the same number, or if the second is a decimal fraction, and the first rounded
// to its digits: 10 / 3 = 3.33. What does not fit into 64 bits is not looked at.
//
//   "16 - 3 - 4 = 9, so she makes 9 * 2 = $18 a day"  →  two right; 9, 18
Calculations calculations(std::string_view text);

// As final_number() writes it.
std::optional<Fraction> fraction_of(std::string_view number);

}  // namespace mill::llm
