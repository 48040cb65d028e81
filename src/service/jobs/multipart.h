#pragma once
// The body of an upload (RFC 7578, multipart/form-data), cut into its parts. Nothing is copied.
//
//   body := [preamble CRLF] "--" boundary CRLF part (CRLF "--" boundary CRLF part)*
//           CRLF "--" boundary "--" [epilogue]
//   part := (name ":" value CRLF)* CRLF content

#include <string>
#include <string_view>
#include <vector>

#include "service/http/problem.h"

namespace mill::jobs {

struct Part {
  std::string name, filename;  // filename "" where there is none
  std::string_view content;    // within the body
};

// "multipart/form-data; boundary=x" → "x"
http::Checked<std::string> boundary_of(std::string_view content_type);

// At most 16 parts, each with a name. A body that is cut short is refused.
http::Checked<std::vector<Part>> parse_multipart(std::string_view body, std::string_view boundary);

}  // namespace mill::jobs
