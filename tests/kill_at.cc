// Preloaded into a program (LD_PRELOAD), kills it in the middle of its KILL_AT-th write or sync of
// a file whose path contains KILL_FILE: what a kill -9 at that very moment leaves behind. So, too,
// when it sends to a Unix socket whose path contains KILL_FILE, or before it reads from there: what
// was asked for may be done by then, and nobody has heard it.

#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<long> calls{0};

bool is_watched(int file) {
  static const char* const part = std::getenv("KILL_FILE");
  if (part == nullptr) return false;
  std::array<char, 64> link{};
  std::array<char, 4096> path{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", file);
  const ssize_t length = ::readlink(link.data(), path.data(), path.size() - 1);
  return length > 0 && std::strstr(path.data(), part) != nullptr;
}

bool is_watched_socket(int file) {
  static const char* const part = std::getenv("KILL_FILE");
  sockaddr_un peer{};
  socklen_t size = sizeof(peer) - 1;  // so that the path is ended
  return part != nullptr && ::getpeername(file, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
         peer.sun_family == AF_UNIX && std::strstr(peer.sun_path, part) != nullptr;
}

bool is_the_moment(int file) {
  static const char* const moment = std::getenv("KILL_AT");
  return moment != nullptr && (is_watched(file) || is_watched_socket(file)) &&
         ++calls == std::atol(moment);
}

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  while (true) ::pause();
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t pwrite(int file, const void* bytes, size_t count, off_t place) {
  static auto* const next = real<decltype(pwrite)>("pwrite");
  if (!is_the_moment(file)) return next(file, bytes, count, place);
  static_cast<void>(!next(file, bytes, count / 2, place));
  die();
}

ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t place) {
  static auto* const next = real<decltype(pwrite64)>("pwrite64");
  if (!is_the_moment(file)) return next(file, bytes, count, place);
  static_cast<void>(!next(file, bytes, count / 2, place));
  die();
}

int fdatasync(int file) {
  static auto* const next = real<decltype(fdatasync)>("fdatasync");
  if (is_the_moment(file)) die();
  return next(file);
}

int fsync(int file) {
  static auto* const next = real<decltype(fsync)>("fsync");
  if (is_the_moment(file)) die();
  return next(file);
}

ssize_t send(int file, const void* bytes, size_t count, int flags) {
  static auto* const next = real<decltype(send)>("send");
  if (!is_the_moment(file)) return next(file, bytes, count, flags);
  static_cast<void>(!next(file, bytes, count / 2, flags));
  die();
}

ssize_t recv(int file, void* bytes, size_t count, int flags) {
  static auto* const next = real<decltype(recv)>("recv");
  if (is_the_moment(file)) die();
  return next(file, bytes, count, flags);
}

}  // extern "C"
