#include "service/http/request_parser.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace mill::http {
namespace {

constexpr ParserLimits kLimits{.header_bytes_max = 1024, .body_bytes_max = 4096};

struct Outcome {
  int status = 0;  // 200 = a whole request, 0 = unfinished
  std::string message = {};
  Request request = {};
  uint64_t held_bytes_max = 0;  // in the parser, and of what it has not yet taken
};

// Feeds as a connection does, in pieces.
Outcome fed(std::string_view bytes, size_t piece) {
  RequestParser parser(kLimits);
  Outcome outcome;
  std::string in;
  while (!bytes.empty() && !parser.done() && !parser.problem()) {
    in += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    in.erase(0, parser.feed(in));
    outcome.held_bytes_max = std::max(outcome.held_bytes_max, parser.held_bytes() + in.size());
  }
  if (parser.problem()) {
    outcome.status = parser.problem()->status;
    outcome.message = parser.problem()->message;
  } else if (parser.done()) {
    outcome.status = 200;
    outcome.request = parser.take();
  }
  return outcome;
}

std::string head(const std::string& fields, const char* version = "1.1") {
  return std::string("POST /a HTTP/") + version + "\r\nHost: a\r\n" + fields + "\r\n";
}

std::string chunked(const std::string& body) {
  return head("Transfer-Encoding: chunked\r\n") + body;
}

std::string repeated(const std::string& text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

std::string a_times(size_t count) { return std::string(count, 'a'); }

struct Row {
  std::string sent;
  int status;
  const char* part;  // of the message, or of the body
};

void check(const Row& row) {
  for (const size_t piece : {size_t{1}, size_t{6}, size_t{100}, size_t{1} << 22}) {
    CAPTURE(row.sent.substr(0, 100));
    CAPTURE(piece);
    const Outcome outcome = fed(row.sent, piece);
    CAPTURE(outcome.message);
    CHECK(outcome.status == row.status);
    const std::string& told = row.status == 200 ? outcome.request.body : outcome.message;
    CHECK(told.find(row.part) != std::string::npos);
    if (piece <= 100)
      CHECK(outcome.held_bytes_max <= 2 * kLimits.header_bytes_max + kLimits.body_bytes_max);
  }
}

}  // namespace

TEST_CASE("headers, chunks' lines and trailers are bounded, however they arrive") {
  const Row rows[] = {
      {head("A: " + a_times(2000) + "\r\n"), 431, "header is over 1024"},
      {head(repeated("A: b\r\n", 200)), 431, "header is over 1024"},
      {head(repeated("A: b\r\n", 160)), 200, ""},
      {a_times(3000), 431, "header is over 1024"},
      {chunked("3\r\nabc\r\n0\r\nA: " + a_times(1'000'000) + "\r\n\r\n"), 431, "trailer is over"},
      {chunked("0\r\nA: " + a_times(70'000) + "\r\n\r\n"), 431, "trailer is over"},
      {chunked("3\r\nabc\r\n0\r\n" + repeated("A: b\r\n", 100'000) + "\r\n"), 431, "trailer is"},
      {chunked("3\r\nabc\r\n0\r\n" + repeated("A: b\r\n", 160) + "\r\n"), 200, "abc"},
      {chunked("3;" + a_times(1'000'000) + "\r\nabc\r\n0\r\n\r\n"), 431, "chunk's line is over"},
      {chunked("3\r\nabc\r\n0;" + a_times(2000) + "\r\n\r\n"), 431, "chunk's line is over"},
      {chunked("3;a=\"b c\";d=e\r\nabc\r\n0;f\r\n\r\n"), 200, "abc"},
      {chunked(repeated("1;" + a_times(1000) + "\r\nb\r\n", 40) + "0\r\n\r\n"), 200, "bbbb"},
      {chunked(repeated("64\r\n" + a_times(100) + "\r\n", 40) + "0\r\n\r\n"), 200, "aaaa"},
      {chunked(repeated("64\r\n" + a_times(100) + "\r\n", 41) + "0\r\n\r\n"), 413, "4096"},
      {head("Content-Length: 4096\r\n") + a_times(4096), 200, "aaaa"},
      {head("Content-Length: 4097\r\n") + a_times(4097), 413, "4096"},
  };
  for (const Row& row : rows) check(row);
}

// Where each piece ends just after a field, Beast's own limit begins anew.
TEST_CASE("a header that arrives field by field has the same limit") {
  RequestParser parser(kLimits);
  std::string in = "POST /a HTTP/1.1\r\nA";
  for (int i = 0; i < 10'000 && !parser.problem(); ++i) {
    in.erase(0, parser.feed(in));
    in += ": b\r\nA";
  }
  REQUIRE(parser.problem());
  CHECK(parser.problem()->status == 431);
}

TEST_CASE("a body whose end two programs could see in two places is refused") {
  const std::string body = "3\r\nabc\r\n0\r\n\r\n";
  const auto coded = [&](const std::string& codings) {
    return head("Transfer-Encoding: " + codings + "\r\n") + body;
  };
  const Row rows[] = {
      {coded("chunked"), 200, "abc"},
      {coded("  ChunKed "), 200, "abc"},
      {coded("chunked, gzip"), 400, "'chunked, gzip'"},
      {coded("gzip"), 400, "'gzip'"},
      {coded("identity"), 400, "'identity'"},
      {coded("xchunked"), 400, "'xchunked'"},
      {coded("chunked;a=b"), 400, "'chunked;a=b'"},
      {coded("chunked,"), 400, "'chunked,'"},
      {coded(""), 400, "''"},
      {coded("gzip, chunked"), 501, "'gzip, chunked'"},
      {coded("gzip\r\nTransfer-Encoding: chunked"), 501, "'gzip, chunked'"},
      {coded("chunked, chunked"), 501, "'chunked, chunked'"},
      {coded("chunked\r\nTransfer-Encoding: gzip"), 400, "tell where the body ends"},
      {coded("chunked\r\nTransfer-Encoding: chunked"), 400, "tell where the body ends"},
      {coded("chunked\r\nContent-Length: 13"), 400, "tell where the body ends"},
      {head("Content-Length: 13\r\nTransfer-Encoding: chunked\r\n") + body, 400, "body ends"},
      {head("Content-Length: 13\r\nTransfer-Encoding: gzip\r\n") + body, 400, "body ends"},
      {head("Content-Length: 13\r\nContent-Length: 5\r\n") + body, 400, "where the body ends"},
      {head("Transfer-Encoding: chunked\r\n", "1.0") + body, 400, "HTTP/1.0"},
  };
  for (const Row& row : rows) check(row);
}

TEST_CASE("a body that is compressed is refused by the name of its coding") {
  const Row rows[] = {
      {head("Content-Length: 3\r\nContent-Encoding: gzip\r\n") + "abc", 415, "'gzip'"},
      {head("Content-Length: 3\r\nContent-Encoding: identity, br\r\n") + "abc", 415, "br'"},
      {head("Content-Length: 3\r\nContent-Encoding: Identity\r\n") + "abc", 200, "abc"},
      {head("Content-Length: 3\r\nContent-Encoding: identity\r\nContent-Encoding: zstd\r\n") +
           "abc",
       415, "'zstd'"},
  };
  for (const Row& row : rows) check(row);
}

TEST_CASE("a request says once which host it is for") {
  const std::string line = "GET / HTTP/1.1\r\n";
  CHECK(fed(line + "Host: a\r\n\r\n", 7).status == 200);
  CHECK(fed(line + "\r\n", 7).status == 400);
  CHECK(fed(line + "Host: a\r\nHost: b\r\n\r\n", 7).status == 400);
}

TEST_CASE("a trailer adds no headers") {
  const Outcome outcome = fed(chunked("0\r\nAuthorization: Bearer a\r\nHost: b\r\n\r\n"), 7);
  REQUIRE(outcome.status == 200);
  CHECK(outcome.request.header("Authorization").empty());
  CHECK(outcome.request.headers.size() == 2);
  CHECK(fed(chunked("0\r\nContent-Length: 5\r\n\r\n"), 7).status == 400);
}

}  // namespace mill::http
