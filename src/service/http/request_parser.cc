#include "service/http/request_parser.h"

#include <fmt/format.h>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/assert.h"

namespace mill::http {
namespace beast = boost::beast;

struct RequestParser::Impl {
  ParserLimits limits;
  beast::http::request_parser<beast::http::string_body> parser;
  std::optional<Problem> problem;
};

namespace {

std::string text(beast::string_view view) { return {view.data(), view.size()}; }

Problem problem_for(beast::error_code error, const ParserLimits& limits) {
  using Kind = beast::http::error;
  if (error == Kind::header_limit)
    return {431, fmt::format("The request's header is over {} bytes", limits.header_bytes_max)};
  if (error == Kind::body_limit)
    return {413, fmt::format("The request's body is over {} bytes", limits.body_bytes_max)};
  if (error == Kind::bad_version) return {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here"};
  return {400, fmt::format("This is not HTTP: {}", error.message())};
}

// "/path?query", or a proxy's "http://host/path?query"; nothing else names a resource here.
std::optional<std::string> origin_form(std::string target) {
  if (const size_t scheme = target.find("://"); scheme != std::string::npos && target[0] != '/') {
    const size_t slash = target.find('/', scheme + 3);
    target = slash == std::string::npos ? "/" : target.substr(slash);
  }
  if (target.empty() || target[0] != '/') return std::nullopt;
  return target;
}

}  // namespace

RequestParser::RequestParser(ParserLimits limits) : impl_(std::make_unique<Impl>()) {
  impl_->limits = limits;
  impl_->parser.header_limit(limits.header_bytes_max);
  impl_->parser.body_limit(limits.body_bytes_max);
  impl_->parser.eager(true);
}
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;
RequestParser::~RequestParser() = default;

size_t RequestParser::feed(std::string_view bytes) {
  size_t used = 0;
  while (used < bytes.size() && !done() && !impl_->problem) {
    beast::error_code error;
    const size_t taken = impl_->parser.put(
        boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), error);
    used += taken;
    if (error == beast::http::error::need_more) break;
    if (error) impl_->problem = problem_for(error, impl_->limits);
    if (!error && taken == 0) break;
  }
  const auto& message = impl_->parser.get();
  if (header_done() && !impl_->problem) {
    if (message.version() >= 11 && message.find(beast::http::field::host) == message.end())
      impl_->problem = Problem{400, "This is not HTTP/1.1: the Host header is missing"};
    else if (!origin_form(text(message.target())))
      impl_->problem = Problem{400, "The request's target must begin with '/'"};
  }
  return used;
}

bool RequestParser::header_done() const { return impl_->parser.is_header_done(); }
bool RequestParser::done() const { return impl_->parser.is_done(); }

bool RequestParser::expects_continue() const {
  const auto& message = impl_->parser.get();
  return header_done() && message.version() >= 11 &&
         beast::iequals(message[beast::http::field::expect], "100-continue");
}

const std::optional<Problem>& RequestParser::problem() const { return impl_->problem; }
uint64_t RequestParser::body_bytes() const { return impl_->parser.get().body().size(); }

Request RequestParser::take() {
  ASSERT(done());
  auto message = impl_->parser.release();
  Request request;
  request.method = text(message.method_string());
  const std::string target = origin_form(text(message.target())).value_or("/");
  const size_t mark = target.find('?');
  request.path = percent_decoded(std::string_view(target).substr(0, mark));
  if (mark != std::string::npos) request.query = target.substr(mark + 1);
  for (const auto& field : message)
    request.headers.push_back({text(field.name_string()), text(field.value())});
  request.keep_alive = message.keep_alive();
  request.http10 = message.version() < 11;
  request.body = std::move(message.body());
  return request;
}

}  // namespace mill::http
