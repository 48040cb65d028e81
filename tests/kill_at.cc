// Preloaded into a program (LD_PRELOAD), kills it in the middle of its KILL_AT-th write or sync of
// a file whose path contains KILL_FILE: what a kill -9 at that very moment leaves behind.

#include <dlfcn.h>
#include <sys/types.h>
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

bool is_the_moment(int file) {
  static const char* const moment = std::getenv("KILL_AT");
  return moment != nullptr && is_watched(file) && ++calls == std::atol(moment);
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

}  // extern "C"
