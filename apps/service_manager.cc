#include "apps/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace mill::apps {
namespace {

bool send_to(const sockaddr_un& address, size_t name_bytes, const std::string& state) {
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_bytes);
  const bool sent = ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), length) >= 0;
  const int error = errno;
  ::close(socket);
  errno = error;
  return sent;
}

}  // namespace

Result<void> notify_service_manager(const std::string& state) {
  const char* given = std::getenv("NOTIFY_SOCKET");
  if (given == nullptr) return {};
  const std::string_view name = given;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() < 2 || name.size() >= sizeof address.sun_path ||
      (name[0] != '/' && name[0] != '@'))
    return fail(ErrorKind::invalid, "NOTIFY_SOCKET is neither a path nor @name: {}", name);
  std::ranges::copy(name, address.sun_path);
  if (name[0] == '@') address.sun_path[0] = '\0';
  if (!send_to(address, name.size(), state))
    return fail(ErrorKind::io, "NOTIFY_SOCKET {}: {}", name, std::strerror(errno));
  return {};
}

}  // namespace mill::apps
