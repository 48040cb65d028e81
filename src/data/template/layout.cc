#include <algorithm>
#include <charconv>
#include <cmath>

#include "data/template/code_points.h"
#include "data/template/formatting.h"
#include "data/template/printing.h"
#include "data/template/runtime.h"
#include "data/template/text_functions.h"

namespace mill::jinja {
namespace {

// Beyond this no digit is exact, and a format with more is a mistake or an attack.
constexpr int kPrecisionMax = 1000;

struct Number {
  bool negative = false;
  std::string digits;
};

std::string digits_in_base(std::uint64_t value, char type) {
  switch (type) {
    case 'x':
      return fmt::format("{:x}", value);
    case 'X':
      return fmt::format("{:X}", value);
    case 'o':
      return fmt::format("{:o}", value);
    case 'b':
      return fmt::format("{:b}", value);
    default:
      return fmt::format("{}", value);
  }
}

Number integer_digits(std::int64_t value, const Layout& layout) {
  const bool negative = value < 0;
  const auto magnitude =
      negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  std::string digits = digits_in_base(magnitude, layout.type);
  if (layout.alternative && layout.type != 'd' && layout.type != 0)
    digits.insert(0, std::string("0") + layout.type);
  return {negative, std::move(digits)};
}

Number real_digits(double value, const Layout& layout) {
  const bool negative = std::signbit(value) && !std::isnan(value);
  const double magnitude = std::fabs(value);
  const int precision = layout.precision < 0 ? 6 : layout.precision;
  if (layout.type == 0 && layout.precision < 0) return {negative, real_repr(magnitude)};
  std::string digits;
  switch (layout.type) {
    case 'f':
      digits = fmt::format("{:.{}f}", magnitude, precision);
      break;
    case 'F':
      digits = fmt::format("{:.{}F}", magnitude, precision);
      break;
    case 'e':
      digits = fmt::format("{:.{}e}", magnitude, precision);
      break;
    case 'E':
      digits = fmt::format("{:.{}E}", magnitude, precision);
      break;
    case 'G':
      digits = fmt::format("{:.{}G}", magnitude, std::max(precision, 1));
      break;
    case '%':
      digits = fmt::format("{:.{}f}%", 100 * magnitude, precision);
      break;
    default:
      digits = fmt::format("{:.{}g}", magnitude, std::max(precision, 1));
      break;
  }
  // Without a type a float shows that it is one.
  const bool plain = layout.type == 0 && std::isfinite(value);
  if (plain && digits.find_first_of(".e") == std::string::npos) digits += ".0";
  return {negative, std::move(digits)};
}

// 1234567.5 → 1,234,567.5
std::string with_commas(std::string_view digits) {
  const std::size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i < whole && (whole - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

Result<std::string> aligned(Runtime& runtime, const std::string& text, const Layout& layout,
                            char natural) {
  const char align = layout.align != 0 ? layout.align : natural;
  if (align == '<') return padded(runtime, text, layout.width, Align::left, layout.fill);
  if (align == '>') return padded(runtime, text, layout.width, Align::right, layout.fill);
  // format's centre, unlike str.center, puts the odd one right.
  TRY(runtime.charge_bytes(text.size()));
  const auto size = static_cast<std::int64_t>(count_code_points(text));
  const std::int64_t left = std::max<std::int64_t>(layout.width - size, 0) / 2;
  TRY_ASSIGN(const std::string half, padded(runtime, text, size + left, Align::right, layout.fill));
  return padded(runtime, half, layout.width, Align::left, layout.fill);
}

Result<std::string> number_laid_out(Runtime& runtime, Number number, const Layout& layout) {
  if (layout.grouped) number.digits = with_commas(number.digits);
  std::string sign;
  if (number.negative)
    sign = "-";
  else if (layout.sign != '-')
    sign = layout.sign;
  if (layout.align != '=') return aligned(runtime, sign + number.digits, layout, '>');
  const auto width = layout.width - static_cast<std::int64_t>(sign.size());
  TRY_ASSIGN(const std::string digits,
             padded(runtime, number.digits, width, Align::right, layout.fill));
  return sign + digits;
}

Result<std::string> text_laid_out(Runtime& runtime, const Value& value, const Layout& layout) {
  TRY_ASSIGN(std::string shown, str(runtime, value));
  if (layout.align == '=') return runtime.fail("'=' alignment is for numbers only");
  if (layout.precision >= 0) {
    const auto at = code_point_offsets(shown);
    shown.resize(at[std::min(static_cast<std::size_t>(layout.precision), at.size() - 1)]);
  }
  return aligned(runtime, shown, layout, '<');
}

}  // namespace

Result<std::string> laid_out(Runtime& runtime, const Value& value, const Layout& layout) {
  if (layout.precision > kPrecisionMax)
    return runtime.fail("a precision of {} is too large", layout.precision);
  constexpr std::string_view kIntegers = "dxXob", kReals = "fFeEgG%";
  const bool real_type = layout.type != 0 && kReals.find(layout.type) != std::string_view::npos;
  const bool integer_type =
      layout.type != 0 && kIntegers.find(layout.type) != std::string_view::npos;
  const auto integer = value.integer();
  const bool is_bool = value.as<bool>() != nullptr;
  if (integer && (integer_type || (layout.type == 0 && !is_bool))) {
    if (layout.precision >= 0) return runtime.fail("precision is not allowed for integers");
    return number_laid_out(runtime, integer_digits(*integer, layout), layout);
  }
  if (value.number() && (real_type || (layout.type == 0 && !integer)))
    return number_laid_out(runtime, real_digits(*value.number(), layout), layout);
  const bool textual = value.as<Text>() != nullptr || (is_bool && layout.type == 0);
  if (!textual || (layout.type != 0 && layout.type != 's'))
    return runtime.fail("the format '{}' does not suit a value of type {}",
                        layout.type != 0 ? std::string(1, layout.type) : "", type_name(value));
  return text_laid_out(runtime, value, layout);
}

}  // namespace mill::jinja
