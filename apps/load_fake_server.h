#pragma once
// For tests: a server that answers by a script, as bad as it says. One connection at a time.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "apps/load_client.h"

namespace mill::apps::testing {

inline const std::string kClose = "(close)", kSilence = "(silence)";  // pieces of a reply

class FakeServer {
 public:
  using Reply = std::vector<std::string>;  // pieces, sent one after the other

  explicit FakeServer(std::vector<Reply> replies)
      : replies_(std::move(replies)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&name), size);
    ::listen(listener_, 64);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size);
    port_ = ntohs(name.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() { stop(); }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  uint16_t port() const { return port_; }
  LoadAddress address() const {
    return {.endpoint = {boost::asio::ip::address_v4::loopback(), port_}, .host = "test"};
  }
  void stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    if (const int fd = connection_; fd >= 0) ::shutdown(fd, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  // To be looked at after stop().
  int connections() const { return connections_; }
  const std::vector<std::string>& requests() const { return requests_; }

 private:
  void serve() {
    for (int fd = -1; (fd = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      ++connections_;
      connection_ = fd;
      while (!stopping_ && read_request(fd) && reply(fd)) {
      }
      connection_ = -1;
      ::close(fd);
    }
  }
  bool read_request(int fd) {
    std::string text;
    for (;;) {
      const size_t head = text.find("\r\n\r\n"), length = text.find("Content-Length: ");
      size_t body = 0;
      if (length < head)
        std::from_chars(text.data() + length + 16, text.data() + text.size(), body);
      if (head != std::string::npos && text.size() >= head + 4 + body) break;
      char buffer[4096];
      const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
      if (n <= 0) return false;
      text.append(buffer, static_cast<size_t>(n));
    }
    requests_.push_back(text);
    return true;
  }
  bool reply(int fd) {
    if (replied_ == replies_.size()) return false;
    for (const std::string& piece : replies_[replied_++]) {
      if (piece == kClose) return false;
      char byte = 0;
      if (piece == kSilence) {
        ::recv(fd, &byte, 1, 0);  // until the client leaves
        return false;
      }
      if (::send(fd, piece.data(), piece.size(), MSG_NOSIGNAL) < 0) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }

  std::vector<Reply> replies_;
  size_t replied_ = 0;
  int listener_, connections_ = 0;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connection_{-1};
  std::vector<std::string> requests_;
  std::thread thread_;
};

inline std::string chunk(const std::string& text) {
  return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}
inline std::string event(const std::string& data) { return chunk("data: " + data + "\n\n"); }
inline std::string piece(const std::string& text) {
  return event(R"({"choices":[{"text":")" + text + R"("}]})");
}

inline const std::string kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
inline const std::string kUsage =
    event(R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}})");
inline const std::string kDone = event("[DONE]") + "0\r\n\r\n";

}  // namespace mill::apps::testing
