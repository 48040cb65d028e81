#pragma once
// Which web pages may use the server from within a browser (https://fetch.spec.whatwg.org, CORS).
// A page's origin is scheme://host[:port] of its address. Pages of origins that are not listed get
// no header of CORS, so the browser shows them no answer:
//   OPTIONS /v1/chat/completions          200
//   Origin: https://app.example           Access-Control-Allow-Origin: https://app.example
//   Access-Control-Request-Method: POST   Access-Control-Allow-Methods: GET, HEAD, POST, DELETE
// Some requests a page can send all the same, without ever seeing the answer: a POST of
// text/plain, for one, which would use tokens. Those are refused, too.

#include <string>
#include <vector>

#include "base/error.h"
#include "service/http/exchange.h"

namespace mill::http {

struct CorsOptions {
  std::vector<std::string> origins = {};  // exactly these; none = no other site's pages

  Result<void> validate() const;
};

// Stands before the check of keys: a browser asks for permission without one.
Handler cors(CorsOptions, Handler);

}  // namespace mill::http
