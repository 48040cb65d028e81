#pragma once
// Numbers as JSON writes them, and patterns of those that are at least or at most some number.

#include <nlohmann/json.hpp>
#include <string>

namespace mill::grammar {

// ± whole . fraction; no leading zeros in the whole, no trailing ones in the fraction.
struct Decimal {
  bool negative = false;
  std::string whole = "0";
  std::string fraction = {};

  bool is_zero() const { return whole == "0" && fraction.empty(); }
};

Decimal decimal_of(const nlohmann::ordered_json& number);

// Plain decimals (no exponents) that are ≥ or > the limit; ≤ or < for at_most. Wholes have up to 19
// digits. "" if there are none.
std::string at_least_pattern(const Decimal& limit, bool exclusive);
std::string at_most_pattern(const Decimal& limit, bool exclusive);
std::string exactly_pattern(const Decimal& value);

}  // namespace mill::grammar
