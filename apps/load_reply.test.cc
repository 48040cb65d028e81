#include "apps/load_reply.h"

#include <doctest/doctest.h>

namespace mill::apps {
namespace {

struct Read {
  std::string body;
  bool ok = true, done = false, keep_alive = false;
  int status = 0;
};

// The answer by pieces of this size; then the connection ends, if it is not done.
Read read_by(std::string_view text, size_t size) {
  ReplyReader reader;
  Read read;
  for (; !text.empty() && read.ok; text.remove_prefix(std::min(size, text.size()))) {
    const auto piece = reader.feed(text.substr(0, size));
    read.ok = piece.has_value();
    read.body += piece.value_or("");
  }
  if (read.ok && !reader.done()) read.ok = reader.end().has_value();
  read.done = reader.done();
  read.status = reader.status();
  read.keep_alive = read.done && reader.keep_alive();
  return read;
}

TEST_CASE("answers are read, however their bytes come") {
  struct Row {
    const char* text;
    const char* body;
    int status;
    bool keep_alive;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 200, true},
      {"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", "no", 503, false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
       "3\r\none\r\n0010;x=y\r\n two three four \r\n0\r\n\r\n",
       "one two three four ", 200, true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nup to the end", "up to the end", 200, false},
  };
  for (const Row& row : rows) {
    for (size_t size = 1; size < 140; size = size < 20 ? size + 1 : size * 2) {
      CAPTURE(row.text);
      CAPTURE(size);
      const Read read = read_by(row.text, size);
      CHECK(read.ok);
      CHECK(read.done);
      CHECK(read.body == row.body);
      CHECK(read.status == row.status);
      CHECK(read.keep_alive == row.keep_alive);
    }
  }
}

TEST_CASE("answers that end too early, or are none") {
  for (const char* text :
       {"", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n", "hello world\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    for (const size_t size : {1U, 7U, 1000U}) {
      CAPTURE(text);
      CHECK_FALSE(read_by(text, size).ok);
    }
  }
}

}  // namespace
}  // namespace mill::apps
