#include "data/grammar/decimal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace mill::grammar {
namespace {

const std::string kMost(19, '9');

std::string either(const std::vector<std::string>& parts) {
  if (parts.empty()) return "";
  return fmt::format("(?:{})", fmt::join(parts, "|"));
}

std::string digits(size_t count) { return count == 0 ? "" : fmt::format("[0-9]{{{}}}", count); }

std::string digit_from(char low, char high) {
  return low == high ? std::string(1, low) : fmt::format("[{}-{}]", low, high);
}

// Strings of as many digits that are not below `text`.
std::string not_below(std::string_view text) {
  if (text.find_first_not_of('0') == std::string_view::npos) return digits(text.size());
  const std::string_view rest = text.substr(1);
  std::vector<std::string> parts = {text[0] + not_below(rest)};
  if (text[0] < '9')
    parts.push_back(digit_from(static_cast<char>(text[0] + 1), '9') + digits(rest.size()));
  return either(parts);
}

std::string not_above(std::string_view text) {
  if (text.find_first_not_of('9') == std::string_view::npos) return digits(text.size());
  const std::string_view rest = text.substr(1);
  std::vector<std::string> parts = {text[0] + not_above(rest)};
  if (text[0] > '0')
    parts.push_back(digit_from('0', static_cast<char>(text[0] - 1)) + digits(rest.size()));
  return either(parts);
}

// Of equal length, low ≤ high.
std::string between_equals(std::string_view low, std::string_view high) {
  const auto split = static_cast<size_t>(std::ranges::mismatch(low, high).in1 - low.begin());
  const std::string prefix(low.substr(0, split));
  if (split == low.size()) return prefix;
  const std::string_view low_rest = low.substr(split + 1), high_rest = high.substr(split + 1);
  std::vector<std::string> parts = {low[split] + not_below(low_rest),
                                    high[split] + not_above(high_rest)};
  if (high[split] - low[split] > 1)
    parts.push_back(
        digit_from(static_cast<char>(low[split] + 1), static_cast<char>(high[split] - 1)) +
        digits(low_rest.size()));
  return prefix + either(parts);
}

bool less(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// Wholes from low to high; "" if there are none.
std::string wholes(const std::string& low, const std::string& high) {
  if (less(high, low)) return "";
  std::vector<std::string> parts;
  for (size_t length = low.size(); length <= high.size(); ++length) {
    const std::string first = length == 1 ? "0" : fmt::format("1{}", std::string(length - 1, '0'));
    const std::string last(length, '9');
    parts.push_back(between_equals(less(first, low) ? low : first, less(last, high) ? last : high));
  }
  return either(parts);
}

std::string one_more(std::string whole) {
  for (size_t i = whole.size(); i-- > 0;) {
    if (whole[i] != '9') {
      ++whole[i];
      return whole;
    }
    whole[i] = '0';
  }
  return fmt::format("1{}", whole);
}

std::string one_less(std::string whole) {  // of what is above 0
  for (size_t i = whole.size(); i-- > 0;) {
    if (whole[i] != '0') {
      --whole[i];
      break;
    }
    whole[i] = '9';
  }
  const size_t first = std::min(whole.find_first_not_of('0'), whole.size() - 1);
  return whole.substr(first);
}

constexpr const char* kAnyFraction = "(?:\\.[0-9]+)?";
constexpr const char* kSomeFraction = "\\.0*[1-9][0-9]*";

// What may follow a whole so that the fraction is not below (above) that of the limit.
std::string fraction_not_below(const std::string& limit, bool exclusive) {
  if (limit.empty()) return exclusive ? kSomeFraction : kAnyFraction;
  std::vector<std::string> parts;
  for (size_t i = 0; i < limit.size(); ++i)
    if (limit[i] < '9')
      parts.push_back(fmt::format("\\.{}{}[0-9]*", limit.substr(0, i),
                                  digit_from(static_cast<char>(limit[i] + 1), '9')));
  parts.push_back(fmt::format("\\.{}{}", limit, exclusive ? "0*[1-9][0-9]*" : "[0-9]*"));
  return either(parts);
}

std::string fraction_not_above(const std::string& limit, bool exclusive) {
  if (limit.empty()) return exclusive ? "" : "(?:\\.0+)?";
  std::vector<std::string> parts = {""};
  for (size_t i = 0; i < limit.size(); ++i) {
    if (i > 0) parts.push_back(fmt::format("\\.{}", limit.substr(0, i)));
    if (limit[i] > '0')
      parts.push_back(fmt::format("\\.{}{}[0-9]*", limit.substr(0, i),
                                  digit_from('0', static_cast<char>(limit[i] - 1))));
  }
  if (!exclusive) parts.push_back(fmt::format("\\.{}0*", limit));
  return either(parts);
}

// Without signs.
std::string size_at_least(const Decimal& limit, bool exclusive) {
  std::vector<std::string> parts = {limit.whole + fraction_not_below(limit.fraction, exclusive)};
  const std::string larger = wholes(one_more(limit.whole), kMost);
  if (!larger.empty()) parts.push_back(larger + kAnyFraction);
  return either(parts);
}

std::string size_at_most(const Decimal& limit, bool exclusive) {
  std::vector<std::string> parts;
  if (limit.whole != "0") parts.push_back(wholes("0", one_less(limit.whole)) + kAnyFraction);
  const std::string rest = fraction_not_above(limit.fraction, exclusive);
  if (!rest.empty()) parts.push_back(limit.whole + rest);
  return either(parts);
}

std::string mirrored(const std::string& sizes, const char* other_side) {
  std::vector<std::string> parts;
  if (!sizes.empty()) parts.push_back(fmt::format("-{}", sizes));
  if (other_side[0] != '\0') parts.emplace_back(other_side);
  return either(parts);
}

constexpr const char* kAnySize = "(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?";
constexpr const char* kAnyNegative = "-(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?";

}  // namespace

Decimal decimal_of(const nlohmann::ordered_json& number) {
  const std::string text = number.dump();
  Decimal out{.negative = text.starts_with('-')};
  const size_t e = std::min(text.find_first_of("eE"), text.size());
  const std::string mantissa = text.substr(out.negative ? 1 : 0, e - (out.negative ? 1 : 0));
  const size_t dot = std::min(mantissa.find('.'), mantissa.size());
  std::string all = mantissa.substr(0, dot);
  if (dot < mantissa.size()) all += mantissa.substr(dot + 1);
  long point = static_cast<long>(dot);
  if (e < text.size()) point += std::strtol(text.c_str() + e + 1, nullptr, 10);
  if (point <= 0) {
    all.insert(0, static_cast<size_t>(1 - point), '0');
    point = 1;
  }
  if (static_cast<size_t>(point) > all.size())
    all.append(static_cast<size_t>(point) - all.size(), '0');
  const std::string whole = all.substr(0, static_cast<size_t>(point));
  out.whole = whole.substr(std::min(whole.find_first_not_of('0'), whole.size() - 1));
  out.fraction = all.substr(static_cast<size_t>(point));
  out.fraction.erase(out.fraction.find_last_not_of('0') + 1);
  if (out.is_zero()) out.negative = false;
  return out;
}

std::string at_least_pattern(const Decimal& limit, bool exclusive) {
  if (limit.negative) return mirrored(size_at_most(limit, exclusive), kAnySize);
  return size_at_least(limit, exclusive);
}

std::string at_most_pattern(const Decimal& limit, bool exclusive) {
  if (limit.negative) return mirrored(size_at_least(limit, exclusive), "");
  const std::string sizes = size_at_most(limit, exclusive);
  return sizes.empty() ? kAnyNegative : either({kAnyNegative, sizes});
}

std::string exactly_pattern(const Decimal& value) {
  const std::string size = value.fraction.empty() ? value.whole + "(?:\\.0+)?"
                                                  : value.whole + "\\." + value.fraction + "0*";
  return (value.negative ? "-" : value.is_zero() ? "-?" : "") + size;
}

}  // namespace mill::grammar
