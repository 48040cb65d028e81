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
  size_t feed(std::string_view bytes);

  bool header_done() const;
  bool done() const;
  bool expects_continue() const;                  // the client waits for "100 Continue"
  const std::optional<Problem>& problem() const;  // what is wrong with the bytes; final
  uint64_t body_bytes() const;                    // received so far
  Request take();                                 // after done(), once

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mill::http
