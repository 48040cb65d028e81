#include "apps/service_manager.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace mill::apps {
namespace {

// A manager's end of the socket, for one message.
struct Manager {
  explicit Manager(const std::string& name) : socket(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), length) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() {
    ::close(socket);
    ::unsetenv("NOTIFY_SOCKET");
  }
  std::string message() const {
    char bytes[64];
    const ssize_t count = ::recv(socket, bytes, sizeof bytes, MSG_DONTWAIT);
    return {bytes, static_cast<size_t>(std::max<ssize_t>(count, 0))};
  }

  int socket;
};

TEST_CASE("a service manager hears of it by a path's socket, or one of the abstract namespace") {
  const std::string unique = std::to_string(::getpid());
  const std::string path = std::filesystem::temp_directory_path() / ("mill-notify-" + unique);
  for (const std::string& name : {path, "@mill-notify-" + unique}) {
    const Manager manager(name);
    CHECK(notify_service_manager("READY=1").has_value());
    CHECK(manager.message() == "READY=1");
  }
  std::filesystem::remove(path);
}

TEST_CASE("without a manager nothing happens; one that cannot be reached is an error") {
  ::unsetenv("NOTIFY_SOCKET");
  CHECK(notify_service_manager("READY=1").has_value());
  for (const std::string& name : {std::string(), std::string("relative"),
                                  "/" + std::string(200, 'x'), std::string("/nowhere/at/all")}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    CHECK(!notify_service_manager("READY=1").has_value());
  }
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace mill::apps
