#include "service/jobs/multipart.h"

#include <fmt/format.h>
#include <strings.h>

#include <optional>

namespace mill::jobs {
namespace {

using http::Checked;
constexpr size_t kPartsMax = 16, kHeaderBytesMax = 8 * 1024, kBoundaryBytesMax = 70;  // RFC 2046
constexpr std::string_view kSpace = " \t";

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// "a\"b" up to its closing quote, which is taken, too; browsers write %22 instead, which stays.
std::string quoted(std::string_view& rest) {
  std::string out;
  size_t i = 1;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    out += rest[i];
  }
  rest.remove_prefix(std::min(rest.size(), i + 1));
  return out;
}

// The parameter of `form-data; name="file"; filename="a;b.jsonl"`; nothing where it is absent.
std::optional<std::string> parameter(std::string_view value, std::string_view wanted) {
  value.remove_prefix(std::min(value.size(), value.find(';')));
  while (!value.empty()) {
    value.remove_prefix(1);  // the ';'
    const size_t end = value.find_first_of("=;");
    const std::string_view name = trimmed(value.substr(0, end));
    value.remove_prefix(std::min(value.size(), end));
    std::string found;
    if (value.starts_with('=')) {
      value.remove_prefix(std::min(value.size(), value.find_first_not_of(kSpace, 1)));
      if (value.starts_with('"')) found = quoted(value);
      const size_t next = std::min(value.size(), value.find(';'));
      if (found.empty()) found = trimmed(value.substr(0, next));
      value.remove_prefix(next);
    }
    if (same(name, wanted)) return found;
  }
  return std::nullopt;
}

// The value of Content-Disposition among a part's headers.
std::string_view disposition(std::string_view headers) {
  while (!headers.empty()) {
    const size_t end = std::min(headers.size(), headers.find("\r\n"));
    const std::string_view line = headers.substr(0, end);
    headers.remove_prefix(std::min(headers.size(), end + 2));
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos && same(line.substr(0, colon), "Content-Disposition"))
      return line.substr(colon + 1);
  }
  return {};
}

// From after a boundary's line to before the next boundary.
Checked<Part> part_of(std::string_view text, size_t number) {
  const bool bare = text.starts_with("\r\n");  // no headers at all
  const size_t end = bare ? 0 : text.find("\r\n\r\n");
  if (end == std::string_view::npos || end > kHeaderBytesMax)
    return http::refuse(
        fmt::format("Part {} of the upload has no end of its headers within {} bytes", number,
                    kHeaderBytesMax));
  const std::string_view value = disposition(text.substr(0, end));
  const auto name = parameter(value, "name");
  if (!name || name->empty())
    return http::refuse(
        fmt::format("Part {} of the upload has no name in its Content-Disposition", number));
  return Part{.name = *name,
              .filename = parameter(value, "filename").value_or(""),
              .content = text.substr(end + (bare ? 2 : 4))};
}

}  // namespace

Checked<std::string> boundary_of(std::string_view content_type) {
  const std::string_view kind = trimmed(content_type.substr(0, content_type.find(';')));
  const auto boundary = parameter(content_type, "boundary");
  if (!same(kind, "multipart/form-data") || !boundary)
    return http::refuse("An upload is multipart/form-data with a boundary, as `curl -F` sends it");
  if (boundary->empty() || boundary->size() > kBoundaryBytesMax)
    return http::refuse(
        fmt::format("The upload's boundary must have 1 to {} bytes", kBoundaryBytesMax));
  return *boundary;
}

Checked<std::vector<Part>> parse_multipart(std::string_view body, std::string_view boundary) {
  const auto cut_short = http::refuse("The upload is cut short: its last boundary is missing");
  const std::string first = fmt::format("--{}", boundary), next = "\r\n" + first;
  size_t at = body.starts_with(first) ? first.size() : body.find(next);
  if (at == std::string_view::npos) return cut_short;
  if (!body.starts_with(first)) at += next.size();
  std::vector<Part> parts;
  while (!body.substr(at).starts_with("--")) {
    const size_t line = body.find_first_not_of(kSpace, at);
    if (line == std::string_view::npos || body.substr(line, 2) != "\r\n") return cut_short;
    // From the line's own end on: a part without headers and content is nothing but two ends.
    const size_t end = body.find(next, line + 2);
    if (end == std::string_view::npos) return cut_short;
    if (parts.size() == kPartsMax)
      return http::refuse(fmt::format("The upload has over {} parts", kPartsMax));
    TRY_ASSIGN(Part part, part_of(body.substr(line + 2, end - line - 2), parts.size() + 1));
    parts.push_back(std::move(part));
    at = end + next.size();
  }
  return parts;
}

}  // namespace mill::jobs
