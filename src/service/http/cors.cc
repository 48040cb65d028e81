#include "service/http/cors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "service/http/problem.h"

namespace mill::http {
namespace {

// To each answer of another one, whatever says that the page may see it.
class Shown final : public Exchange {
 public:
  Shown(std::shared_ptr<Exchange> inner, std::vector<Header> headers)
      : inner_(std::move(inner)), headers_(std::move(headers)) {}

  void respond(Response response) override { inner_->respond(with_headers(std::move(response))); }
  void begin(Response head) override { inner_->begin(with_headers(std::move(head))); }
  void write(std::string chunk) override { inner_->write(std::move(chunk)); }
  void end() override { inner_->end(); }
  void on_gone(std::function<void()> callback) override { inner_->on_gone(std::move(callback)); }

 private:
  Response with_headers(Response response) const {
    response.headers.insert(response.headers.end(), headers_.begin(), headers_.end());
    return response;
  }

  std::shared_ptr<Exchange> inner_;
  std::vector<Header> headers_;
};

bool listed(const CorsOptions& options, std::string_view origin) {
  return std::find(options.origins.begin(), options.origins.end(), origin) != options.origins.end();
}

// Browsers of today say themselves where a request comes from, unless the server's address is
// neither https nor of their own machine. All of them name the origin, but of GET and HEAD.
bool from_another_site(const Request& request) {
  const std::string_view site = request.header("Sec-Fetch-Site");
  if (!site.empty()) return site != "same-origin" && site != "none";
  const std::string_view origin = request.header("Origin");
  const size_t host = origin.find("://");
  return !origin.empty() &&
         (host == std::string_view::npos || origin.substr(host + 3) != request.header("Host"));
}

bool only_looks(const Request& request) {
  return request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
}

Problem stranger(const Request& request) {
  const std::string_view given = request.header("Origin");
  const std::string origin(given.empty() ? "ORIGIN" : given);
  return {403,
          fmt::format("A web page of another site ({}) has sent this; where it is welcome, start "
                      "the server with --cors-origin {}",
                      origin, origin),
          "", "origin_not_allowed"};
}

bool is_preflight(const Request& request) {
  return request.method == "OPTIONS" && !request.header("Access-Control-Request-Method").empty();
}

// Whatever headers a listed page wishes to send (OpenAI's client for browsers has eleven of its
// own), in characters that header names have.
std::string allowed_headers(const Request& request) {
  const std::string_view wished = request.header("Access-Control-Request-Headers");
  const bool names = std::all_of(wished.begin(), wished.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == ',' || c == ' ';
  });
  return names && !wished.empty() ? std::string(wished) : "Authorization, Content-Type, X-Api-Key";
}

Response preflight_answer(const Request& request) {
  return {.headers = {{"Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE"},
                      {"Access-Control-Allow-Headers", allowed_headers(request)},
                      {"Access-Control-Max-Age", "600"}}};
}

// Keys travel in a header of their own, so that no page needs Access-Control-Allow-Credentials. A
// cache must not show one origin what was answered to another.
std::vector<Header> headers_for(const CorsOptions& options, const Request& request, bool welcome) {
  if (options.origins.empty()) return {};
  if (!welcome) return {{"Vary", "Origin"}};
  return {{"Vary", "Origin"},
          {"Access-Control-Allow-Origin", std::string(request.header("Origin"))},
          {"Access-Control-Expose-Headers", "Retry-After, X-Request-Id"}};
}

void pass(const CorsOptions& options, const Handler& inner, Request request,
          std::shared_ptr<Exchange> exchange) {
  const bool welcome = listed(options, request.header("Origin"));
  std::vector<Header> headers = headers_for(options, request, welcome);
  if (!headers.empty()) exchange = std::make_shared<Shown>(std::move(exchange), std::move(headers));
  if (welcome && is_preflight(request)) return exchange->respond(preflight_answer(request));
  if (!welcome && !only_looks(request) && from_another_site(request))
    return exchange->respond(problem_response(stranger(request)));
  inner(std::move(request), std::move(exchange));
}

Result<void> check_origin(const std::string& origin) {
  const size_t scheme = origin.find("://");
  const std::string_view host =
      scheme == std::string::npos ? "" : std::string_view(origin).substr(scheme + 3);
  const bool plain = std::none_of(origin.begin(), origin.end(), [](unsigned char c) {
    return c <= ' ' || c > '~' || std::isupper(c) != 0 || c == '*' || c == ',';
  });
  if (scheme == 0 || host.empty() || !plain || host.find_first_of("/?#@") != std::string_view::npos)
    return fail(ErrorKind::invalid,
                "--cors-origin {}: an origin is scheme://host or scheme://host:port in small "
                "letters, without a path, as in https://app.example; there is none for all",
                origin);
  const bool https = origin.starts_with("https:"), http = origin.starts_with("http:");
  if ((https && host.ends_with(":443")) || (http && host.ends_with(":80")))
    return fail(ErrorKind::invalid,
                "--cors-origin {}: browsers leave out the port where it is the scheme's own",
                origin);
  return {};
}

}  // namespace

Result<void> CorsOptions::validate() const {
  for (const std::string& origin : origins) TRY(check_origin(origin));
  return {};
}

Handler cors(CorsOptions options, Handler inner) {
  return [options = std::move(options), inner = std::move(inner)](
             Request request, std::shared_ptr<Exchange> exchange) {
    pass(options, inner, std::move(request), std::move(exchange));
  };
}

}  // namespace mill::http
