#include "service/http/request_parser.h"

#include <cstdlib>

// The first byte says where the rest is split in two: parsing must not depend on it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t split = bytes.empty() ? 0 : data[0] % bytes.size();
  using mill::http::RequestParser;
  const mill::http::ParserLimits limits{.header_bytes_max = 512, .body_bytes_max = 512};

  RequestParser whole(limits), parts(limits);
  whole.feed(bytes);
  std::string pending(bytes.substr(0, split));
  pending.erase(0, parts.feed(pending));
  if (!parts.done() && !parts.problem()) {
    pending += bytes.substr(split);
    parts.feed(pending);
  }
  if (whole.problem().has_value() || parts.problem().has_value()) return 0;
  if (whole.done() != parts.done()) std::abort();
  if (!whole.done()) return 0;
  const auto a = whole.take(), b = parts.take();
  if (a.method != b.method || a.path != b.path || a.body != b.body) std::abort();
  return 0;
}
