#include "data/template/text_functions.h"

#include <algorithm>

#include "data/template/code_points.h"
#include "data/template/printing.h"
#include "data/template/runtime.h"

namespace mill::jinja {
namespace {

std::size_t count_of(std::string_view text, std::string_view part, std::size_t at_most) {
  std::size_t count = 0;
  for (std::size_t at = 0; count < at_most; ++count, at += part.size()) {
    at = text.find(part, at);
    if (at == std::string_view::npos) break;
  }
  return count;
}

// 'abc' with '' replaced by '-' is '-a-b-c-'.
std::string interleaved(std::string_view text, std::string_view between, std::size_t at_most) {
  const auto at = code_point_offsets(text);
  std::string out;
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (i < at_most) out += between;
    if (i + 1 < at.size()) out += text.substr(at[i], at[i + 1] - at[i]);
  }
  return out;
}

}  // namespace

Result<Value> replaced(Runtime& runtime, const Text& text, std::string_view from,
                       std::string_view to, std::int64_t count) {
  const std::string_view source = text.utf8;
  const std::size_t at_most = count < 0 ? std::string::npos : static_cast<std::size_t>(count);
  if (from.empty()) {
    TRY(runtime.expect_bytes(source.size() + (source.size() + 1) * to.size()));
    return runtime.text(interleaved(source, to, at_most), text.safe);
  }
  const std::size_t found = count_of(source, from, at_most);
  TRY(runtime.expect_bytes(source.size() + found * to.size()));
  std::string out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < found; ++i) {
    const std::size_t at = source.find(from, begin);
    out.append(source.substr(begin, at - begin)).append(to);
    begin = at + from.size();
  }
  return runtime.text(out.append(source.substr(begin)), text.safe);
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> found;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = at;
    const char32_t point = next_code_point(text, at);
    const bool breaks = (point >= 0x0A && point <= 0x0D) || (point >= 0x1C && point <= 0x1E) ||
                        point == 0x85 || point == 0x2028 || point == 0x2029;
    if (!breaks) continue;
    if (point == '\r' && at < text.size() && text[at] == '\n') ++at;
    found.push_back(text.substr(begin, end - begin));
    begin = at;
  }
  if (begin < text.size()) found.push_back(text.substr(begin));
  return found;
}

Result<std::string> joined(Runtime& runtime, const std::vector<Value>& items,
                           std::string_view separator) {
  std::string out;
  bool first = true;
  for (const Value& item : items) {
    if (!std::exchange(first, false)) out += separator;
    TRY_ASSIGN(const std::string shown, str(runtime, item));
    TRY(runtime.expect_bytes(out.size() + shown.size() + separator.size()));
    out += shown;
  }
  return out;
}

Result<std::string> padded(Runtime& runtime, std::string_view text, std::int64_t width, Align align,
                           std::string_view fill) {
  TRY(runtime.charge_bytes(text.size()));
  const auto size = static_cast<std::int64_t>(count_code_points(text));
  const std::int64_t missing = std::max<std::int64_t>(width - size, 0);
  if (missing > static_cast<std::int64_t>(kTextBytesMax))
    return runtime.fail("a width of {} is too large", width);
  TRY(runtime.expect_bytes(text.size() + static_cast<std::size_t>(missing) * fill.size()));
  // Python's str.center puts the odd one left if the width is odd.
  std::int64_t left = align == Align::right ? missing : 0;
  if (align == Align::center) left = missing / 2 + (missing & width & 1);
  std::string out;
  for (std::int64_t i = 0; i < left; ++i) out += fill;
  out += text;
  for (std::int64_t i = left; i < missing; ++i) out += fill;
  return out;
}

}  // namespace mill::jinja
