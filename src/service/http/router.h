#pragma once
// Which handler answers which path: a visible table.

#include <string>
#include <vector>

#include "service/http/exchange.h"

namespace mill::http {

struct Route {
  std::string method;  // GET answers HEAD, too
  std::string path;    // exact, or with a last "*" that stands for the rest, at least a character
  Handler handle;
};

// An unknown path is 404, a known path with another method 405 with Allow.
Handler router(std::vector<Route>);

// What "*" stood for: tail("/v1/models/*", "/v1/models/a/b") = "a/b".
std::string_view tail(std::string_view pattern, std::string_view path);

}  // namespace mill::http
