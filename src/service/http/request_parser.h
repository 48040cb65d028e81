#pragma once
// Bytes to requests (RFC 9112), by Boost.Beast. Beast is included in request_parser.cc only.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "service/http/message.h"
#include "service/http/problem.h"

namespace mill::http {

struct ParserLimits {
  // Of the header; also of a chunk's line with its extensions, and of the last one with the
  // trailer. At most 64 KiB, as much as Beast keeps of a field.
  uint32_t header_bytes_max = 16 * 1024;
  uint64_t body_bytes_max = 32 * 1024 * 1024;
};

class RequestParser {
 public:
  explicit RequestParser(ParserLimits);
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;
  ~RequestParser();

  // Takes bytes of one request and says how many it has used; feed it the rest again with what
  // follows. Uses nothing after the end of the request, which may be the next one (pipelining).
  // Leaves less than header_bytes_max of what is still this one's: more is a problem.
  size_t feed(std::string_view bytes);

  bool header_done() const;
  bool done() const;
  bool expects_continue() const;                  // the client waits for "100 Continue"
  const std::optional<Problem>& problem() const;  // what is wrong with the bytes; final
  uint64_t held_bytes() const;                    // of the header and the body, so far
  Request take();                                 // after done(), once

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mill::http
