#include "service/http/request_parser.h"

#include <fmt/format.h>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/assert.h"

namespace mill::http {
namespace beast = boost::beast;

namespace {

using Field = beast::http::field;

// A trailer's fields are checked and dropped: among the headers they could say what a proxy before
// us lets nobody say there (RFC 9110, section 6.5.1).
class BeastParser final : public beast::http::request_parser<beast::http::string_body> {
  void on_field_impl(Field field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    if (!is_header_done()) get().insert(field, name, value);
  }
};
using Header = BeastParser::value_type;

}  // namespace

struct RequestParser::Impl {
  ParserLimits limits;
  BeastParser parser;
  uint64_t header_bytes = 0;
  std::optional<Problem> problem;

  size_t step(std::string_view rest);
};

namespace {

std::string text(beast::string_view view) { return {view.data(), view.size()}; }

Problem problem_for(beast::error_code error, const ParserLimits& limits) {
  using Kind = beast::http::error;
  if (error == Kind::header_limit)
    return {431, fmt::format("The request's header is over {} bytes", limits.header_bytes_max)};
  if (error == Kind::body_limit)
    return {413, fmt::format("The request's body is over {} bytes", limits.body_bytes_max)};
  if (error == Kind::bad_content_length || error == Kind::bad_transfer_encoding)
    return {400, fmt::format("This is not HTTP: {}; one Content-Length or one 'Transfer-Encoding: "
                             "chunked' must tell where the body ends",
                             error.message())};
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

// By the first bytes of what is over the limit: a chunk's line that has ended is the last one's.
Problem too_long(bool in_header, std::string_view bytes, uint32_t limit) {
  if (in_header) return {431, fmt::format("The request's header is over {} bytes", limit)};
  if (bytes.find("\r\n", bytes.starts_with("\r\n") ? 2 : 0) != std::string_view::npos)
    return {431, fmt::format("The request's trailer is over {} bytes", limit)};
  return {431, fmt::format("A chunk's line is over {} bytes; send no chunk extensions", limit)};
}

// Where two programs see two ends of a body, what is body to the one is a request to the other
// (RFC 9112, sections 6.1 and 6.3). So an end that is not told in the plainest way is refused.
std::optional<Problem> framing_problem(const Header& header) {
  std::string codings;
  const auto [begin, end] = header.equal_range(Field::transfer_encoding);
  if (begin == end) return std::nullopt;
  for (auto line = begin; line != end; ++line)
    codings += (line == begin ? "" : ", ") + text(line->value());
  if (header.version() < 11)
    return Problem{400, "HTTP/1.0 has no Transfer-Encoding; a Content-Length must tell the length"};
  if (beast::iequals(codings, "chunked")) return std::nullopt;
  const std::string last = codings.substr(codings.find_last_of(", \t") + 1);
  if (!beast::iequals(last, "chunked"))
    return Problem{400, fmt::format("The Transfer-Encoding '{}' does not tell where the body ends; "
                                    "it must be 'chunked'",
                                    codings)};
  return Problem{
      501,
      fmt::format("The Transfer-Encoding '{}' is not known here; 'chunked' alone is", codings)};
}

std::optional<Problem> header_problem(const Header& header) {
  const size_t hosts = header.count(Field::host);
  if (hosts > 1 || (hosts == 0 && header.version() >= 11))
    return Problem{400, fmt::format("This is not HTTP/1.1: the Host header {}",
                                    hosts == 0 ? "is missing" : "stands there more than once")};
  if (!origin_form(text(header.target())))
    return Problem{400, "The request's target must begin with '/'"};
  const auto [begin, end] = header.equal_range(Field::content_encoding);
  for (auto line = begin; line != end; ++line) {
    if (!line->value().empty() && !beast::iequals(line->value(), "identity"))
      return Problem{415,
                     fmt::format("The Content-Encoding '{}' is not known here; send the body as "
                                 "it is",
                                 text(line->value()))};
  }
  return framing_problem(header);
}

}  // namespace

// One of Beast's steps. It has no limit for the lines of chunks and for trailers, and forgets the
// header's where the bytes end one or two after a field; so it sees no more than is allowed.
size_t RequestParser::Impl::step(std::string_view rest) {
  const bool in_header = !parser.is_header_done();
  const size_t room = limits.header_bytes_max - (in_header ? header_bytes : 0);
  // At least so much is still to come, and Beast asserts that it gets it at once.
  if (!in_header && parser.chunked() && rest.size() < std::string_view("0\r\n\r\n").size())
    return 0;
  const std::string_view window = rest.substr(0, room);
  beast::error_code error;
  const size_t taken = parser.put({window.data(), window.size()}, error);
  if (in_header) header_bytes += taken;
  if (error == beast::http::error::need_more) {
    if (taken == 0 && window.size() == room)
      problem = too_long(in_header, window, limits.header_bytes_max);
  } else if (error) {
    problem = problem_for(error, limits);
  } else if (in_header && parser.is_header_done()) {
    problem = header_problem(parser.get());
  }
  return taken;
}

RequestParser::RequestParser(ParserLimits limits) : impl_(std::make_unique<Impl>()) {
  ASSERT(limits.header_bytes_max <= 64 * 1024);
  impl_->limits = limits;
  impl_->parser.header_limit(limits.header_bytes_max);
  impl_->parser.body_limit(limits.body_bytes_max);
}
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;
RequestParser::~RequestParser() = default;

size_t RequestParser::feed(std::string_view bytes) {
  size_t used = 0;
  while (used < bytes.size() && !done() && !impl_->problem) {
    const size_t taken = impl_->step(bytes.substr(used));
    used += taken;
    if (taken == 0) break;
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
uint64_t RequestParser::held_bytes() const {
  return impl_->header_bytes + impl_->parser.get().body().size();
}

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
