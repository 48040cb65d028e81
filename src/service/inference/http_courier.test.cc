#include "service/inference/http_courier.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

namespace mill::inference {
namespace {

// Gives everyone who connects this answer, or none and holds the line.
class Answering {
 public:
  explicit Answering(std::string answer)
      : answer_(std::move(answer)), fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(fd_, 16) == 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    url = fmt::format("http://127.0.0.1:{}/", ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~Answering() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    for (const int line : lines_) ::close(line);
    ::close(fd_);
  }
  std::string url, heard;

 private:
  void serve() {
    while (true) {
      const int line = ::accept(fd_, nullptr, nullptr);
      if (line < 0) return;
      lines_.push_back(line);
      if (answer_.empty()) continue;
      char bytes[4096];
      heard.clear();
      while (!heard.ends_with('}')) {
        const ssize_t n = ::recv(line, bytes, sizeof bytes, 0);
        if (n <= 0) break;
        heard.append(bytes, static_cast<size_t>(n));
      }
      (void)::send(line, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      ::shutdown(line, SHUT_RDWR);
    }
  }

  std::string answer_;
  int fd_;
  std::vector<int> lines_;
  std::thread thread_;
};

Result<std::string> asked(HttpCourier& courier, const std::string& url, int64_t milliseconds_max) {
  std::promise<Result<std::string>> came;
  const auto carried =
      courier.carry({.url = url, .body = R"({"answer": 7})", .milliseconds_max = milliseconds_max},
                    [&](Result<std::string> it) { came.set_value(std::move(it)); });
  if (!carried) return std::unexpected(carried.error());
  return came.get_future().get();
}

std::string answer(const char* status, const std::string& body, const char* header = "") {
  return fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\n\r\n{}", status, header, body.size(),
                     body);
}

}  // namespace

TEST_CASE("only what begins as the operator says is asked, and leads nowhere else") {
  const CourierOptions options{.prefixes = {"https://a.example/v/", "http://10.0.0.1:80/"}};
  CHECK(options.validate().has_value());
  for (const char* url :
       {"https://a.example/v/", "https://a.example/v/x?y=1", "http://10.0.0.1:80/"})
    CHECK_MESSAGE(may_ask(options, url), url);
  for (const char* url :
       {"", "https://a.example/", "https://a.example/vx", "http://a.example/v/",
        "https://a.example/v/../w", "https://a.example/v/%2E%2e/w", "https://a.example/v/%2f",
        "https://a.example/v/ x", "https://a.example/v/\\x", "https://a.example/v/@b",
        "http://10.0.0.1:8080/", "file:///etc/passwd", "https://a.example/v/\n"})
    CHECK_MESSAGE(!may_ask(options, url), url);
  for (const char* prefix : {"", "https://a.example", "a.example/", "ftp://a/", "https:///x",
                             "https://user@a.example/", "https://a.example/../"}) {
    const CourierOptions wrong{.prefixes = {prefix}};
    CHECK_MESSAGE(!wrong.validate().has_value(), prefix);
  }
  CHECK_FALSE(HttpCourier(options).allows("http://b/").has_value());
}

TEST_CASE("an answer is brought back; what is none is told") {
  HttpCourier courier({.answer_bytes_max = 100});
  Answering good(answer("200 OK", R"({"score": 1})"));
  CHECK(asked(courier, good.url, 10'000).value() == R"({"score": 1})");
  CHECK(good.heard.starts_with("POST / HTTP/1.1\r\n"));
  CHECK(good.heard.ends_with(R"({"answer": 7})"));
  Answering moved(answer("302 Found", "", fmt::format("Location: {}\r\n", good.url).c_str()));
  CHECK(asked(courier, moved.url, 10'000).error().message.find("302") != std::string::npos);
  Answering broken(answer("500 Oh", "no"));
  CHECK(asked(courier, broken.url, 10'000).error().message.find("500") != std::string::npos);
  Answering endless(answer("200 OK", std::string(101, 'x')));
  CHECK(asked(courier, endless.url, 10'000).error().message.find("longer") != std::string::npos);
  Answering silly("nonsense");
  CHECK_FALSE(asked(courier, silly.url, 10'000).has_value());
}

TEST_CASE("one that hangs is given up, when its time is over or the server stops") {
  Answering hangs("");
  HttpCourier courier({.at_once = 1, .waiting_max = 2});
  CHECK_FALSE(asked(courier, hangs.url, 30).has_value());
  std::atomic<int> told{0};
  const auto count = [&](const Result<std::string>& it) { told += it.has_value() ? 100 : 1; };
  int carried = 0;
  for (int i = 0; i < 9; ++i)
    carried +=
        courier.carry({.url = hangs.url, .body = "}", .milliseconds_max = 100'000}, count) ? 1 : 0;
  CHECK(carried >= 2);  // those that wait; one more, if it is under way by then
  CHECK(carried <= 3);
  courier.close();
  CHECK(told == carried);
  CHECK_FALSE(asked(courier, hangs.url, 30).has_value());
}

}  // namespace mill::inference
