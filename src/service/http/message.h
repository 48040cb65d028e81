#pragma once
// HTTP as the endpoints see it: a request that has arrived whole, and an answer. No sockets here.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mill::http {

struct Header {
  std::string name, value;
};

// Whom the server takes the client for, once it has checked its key; "" = anybody.
struct Caller {
  std::string tenant = {}, key = {};  // "acme", "key_0123456789ab"
  // Of a request that is asked again after a crash: its id, so that it is the same; "" = a new one.
  std::string request = {};
  int priority = 0;          // among the tenant's own requests: the smaller goes first
  int64_t queue_ms_max = 0;  // for how long it waits to be begun; 0 = as long as it takes
  bool operates = false;     // may see what all tenants do
};

struct Request {
  std::string method;  // "GET"
  std::string path;    // "/v1/models", percent-decoded, without the query
  std::string query;   // what follows '?', as sent
  std::vector<Header> headers;
  std::string body = {};
  bool keep_alive = true;
  bool http10 = false;  // the client knows no chunks
  Caller caller = {};

  std::string_view header(std::string_view name) const;  // any case; "" where absent
};

// The server adds Content-Length (or Transfer-Encoding), Connection and Date.
struct Response {
  int status = 200;
  std::vector<Header> headers = {};
  std::string body = {};
};

std::string_view reason_phrase(int status);

// "%2F" → "/"; a '%' that is not followed by two hex digits stays as it is.
std::string percent_decoded(std::string_view);

// The bytes of an answer, or of the head of a streamed one.
enum class Framing : unsigned char { length, head_only, chunked, until_close };
struct HeadOptions {
  Framing framing = Framing::length;  // head_only: the answer to HEAD tells the length alone
  bool keep_alive = true;
  long long date = 0;  // seconds since the epoch
};
std::string serialized(const Response&, const HeadOptions&);

}  // namespace mill::http
