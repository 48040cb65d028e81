#include "service/jobs/multipart.h"

#include <cstdlib>

// A content type, a zero byte, a body. What comes out lies within the body, in order.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t zero = all.find('\0');
  const auto boundary = mill::jobs::boundary_of(all.substr(0, zero));
  const std::string_view body = zero == std::string_view::npos ? all : all.substr(zero + 1);
  const auto parts = mill::jobs::parse_multipart(body, boundary ? *boundary : "x");
  if (!parts) return 0;
  const char* least = body.data();
  for (const auto& part : *parts) {
    if (part.name.empty() || part.content.data() < least) std::abort();
    least = part.content.data() + part.content.size();
    if (least > body.data() + body.size()) std::abort();
  }
  return 0;
}
