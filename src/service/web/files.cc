#include "service/web/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "service/http/problem.h"
#include "service/web/gunzip.h"

namespace mill::web {
namespace {

using Exchange = std::shared_ptr<http::Exchange>;

constexpr const char* kBelow = "/console/*";

// A page is what we have built and nothing else: no other site's scripts, none that is written into
// it, and it is in no other site's frame.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

constexpr const char* kNone =
    "<!doctype html><html lang=\"en\"><title>No console</title><h1>This build has no console</h1>"
    "<p>The server works; its pages were not there when it was built. To make them, with "
    "Node.js: <code>make console</code> in the source tree, then build again.</p></html>\n";

std::vector<http::Header> safe_headers(std::string_view type) {
  return {{"Content-Type", std::string(type)},
          {"X-Content-Type-Options", "nosniff"},
          {"Referrer-Policy", "no-referrer"},
          {"Content-Security-Policy", kPolicy}};
}

// "gzip", or "gzip;q=0.5"; with a weight of nothing but zeros it is refused.
bool takes_gzip(const http::Request& request) {
  std::string_view rest = request.header("Accept-Encoding");
  while (!rest.empty()) {
    std::string_view word = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    word.remove_prefix(std::min(word.size(), word.find_first_not_of(' ')));
    if (word == "gzip") return true;
    if (word.starts_with("gzip;")) return word.find_first_of("123456789") != word.npos;
  }
  return false;
}

// A list of tags; weak ones mean the same here.
bool has_it(const http::Request& request, std::string_view etag) {
  const std::string_view known = request.header("If-None-Match");
  return known == "*" || known.find(etag) != std::string_view::npos;
}

http::Response answer(const File& file, const http::Request& request) {
  http::Response response{.headers = safe_headers(file.type)};
  const bool named_by_hash = file.path.starts_with("assets/");
  response.headers.push_back(
      {"Cache-Control", named_by_hash ? "public, max-age=31536000, immutable" : "no-cache"});
  response.headers.push_back({"ETag", std::string(file.etag)});
  response.headers.push_back({"Vary", "Accept-Encoding"});
  if (has_it(request, file.etag)) {
    response.status = 304;
    return response;
  }
  if (file.gzip && !takes_gzip(request)) {
    response.body = gunzipped(file.bytes);
    return response;
  }
  if (file.gzip) response.headers.push_back({"Content-Encoding", "gzip"});
  response.body = file.bytes;
  return response;
}

http::Response moved(int status, const char* to) {
  return {.status = status, .headers = {{"Location", to}, {"Cache-Control", "no-store"}}};
}

void show(std::span<const File> files, std::string_view path, const http::Request& request,
          const Exchange& exchange) {
  const std::string_view wanted = path.empty() ? "index.html" : path;
  const auto found = std::ranges::find(files, wanted, &File::path);
  if (found != files.end()) return exchange->respond(answer(*found, request));
  if (files.empty())
    return exchange->respond(
        {.status = 404, .headers = safe_headers("text/html; charset=utf-8"), .body = kNone});
  exchange->respond(http::problem_response(
      {404, fmt::format("The console has no {}; its first page is /console/", path), "",
       "unknown_url"}));
}

// Programs that ask for it get what they always got: nothing.
void greet(const http::Request& request, const Exchange& exchange) {
  if (request.header("Accept").find("text/html") != std::string_view::npos)
    return exchange->respond(moved(302, "/console/"));
  exchange->respond(http::problem_response(
      {404, "There is no /; see docs/api.md for what there is", "", "unknown_url"}));
}

}  // namespace

std::vector<http::Route> file_routes(std::span<const File> files) {
  return {{"GET", "/", greet},
          {"GET", "/console",
           [](const http::Request&, const Exchange& exchange) {
             exchange->respond(moved(301, "/console/"));
           }},
          {"GET", "/console/",
           [files](const http::Request& request, const Exchange& exchange) {
             show(files, "", request, exchange);
           }},
          {"GET", kBelow, [files](const http::Request& request, const Exchange& exchange) {
             show(files, http::tail(kBelow, request.path), request, exchange);
           }}};
}

}  // namespace mill::web
