#pragma once
// One HTTP(S) request by libcurl, which brings TLS, proxies from the environment and redirects.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mill::fetch {

// What TLS takes for a server of one's own; files in PEM.
struct HttpTls {
  std::string authority = {};         // of CAs that are trusted instead of the system's
  std::string certificate, key = {};  // that the client shows, both or none
  bool insecure = false;              // whoever the server says that it is
};

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  long seconds_max = 0;              // for all of it; 0 = as long as something comes
  long milliseconds_max = 0;         // the same, finer; it goes before the other
  bool direct = false;               // past the environment's proxies
  bool stays = false;                // redirects are not followed: they are the answer
  HttpTls tls = {};
};

// Names in lower case. Where the request was redirected, a header of a later answer replaces the
// same one of an earlier, and the others stay: a hub's X-Linked-Etag comes with its redirect.
using HttpHeaders = std::map<std::string, std::string>;

// How the caller hears of the answer: once `begin` with the final status, then the body in pieces.
// An error from either stops the transfer and becomes the result.
struct HttpSink {
  std::function<Result<void>(long status, const HttpHeaders&)> begin;
  std::function<Result<void>(std::span<const char>)> body;
};

struct HttpReply {
  long status = 0;  // 0: no answer came
  HttpHeaders headers;
  std::string trouble;  // why the transfer ended early; empty where everything arrived
};

Result<HttpReply> http_get(const HttpRequest&, const HttpSink&);

// For small answers: the body, at most `bytes_max` of it.
struct HttpText {
  HttpReply reply;
  std::string body;
};
Result<HttpText> http_get_text(const HttpRequest&, size_t bytes_max);

// A POST of this body. Ends, with a trouble, as soon as it is abandoned.
Result<HttpText> http_post_text(const HttpRequest&, const std::string& body, size_t bytes_max,
                                const std::atomic<bool>& abandoned);

// A Content-Range: "bytes 100-199/1000" is {100, 1000}; "bytes */1000", the answer to a range past
// the end, is {1000, 1000}; {0, 0} is any other text.
struct ContentRange {
  uint64_t first = 0, total = 0;
};
ContentRange parse_content_range(std::string_view);

}  // namespace mill::fetch
