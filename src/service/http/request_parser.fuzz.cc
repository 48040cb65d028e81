#include "service/http/request_parser.h"

#include <strings.h>

#include <algorithm>
#include <cstdlib>

namespace {

using mill::http::RequestParser;

constexpr mill::http::ParserLimits kLimits{.header_bytes_max = 512, .body_bytes_max = 512};

void require(bool right) {
  if (!right) std::abort();
}

// As a connection does it. What the parser holds, and what it leaves, is bounded at every step.
void feed(RequestParser& parser, std::string_view bytes, size_t piece) {
  std::string in;
  while (!bytes.empty() && !parser.done() && !parser.problem()) {
    in += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    in.erase(0, parser.feed(in));
    require(parser.held_bytes() <= kLimits.header_bytes_max + kLimits.body_bytes_max);
    if (!parser.done() && !parser.problem()) require(in.size() < kLimits.header_bytes_max);
  }
}

bool none_or(std::string_view value, const char* name) {
  return value.empty() || strcasecmp(std::string(value).c_str(), name) == 0;
}

}  // namespace

// The first byte says in pieces of how many bytes the rest arrives: parsing must not depend on it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  RequestParser whole(kLimits), parts(kLimits);
  feed(whole, bytes, bytes.size());
  feed(parts, bytes, size_t{data[0]} + 1);
  const bool taken = whole.done() && !whole.problem();
  require(taken == (parts.done() && !parts.problem()));
  if (!taken) return 0;
  const auto a = whole.take(), b = parts.take();
  require(a.method == b.method && a.path == b.path && a.body == b.body);
  require(a.headers.size() == b.headers.size());
  require(none_or(a.header("Transfer-Encoding"), "chunked"));
  require(none_or(a.header("Content-Encoding"), "identity"));
  return 0;
}
