#pragma once
// ASSERT: a condition that only our own bug can break. Always on; prints the values and aborts.
// DASSERT: the same in hot loops, in debug builds only.
//   ASSERT(rows % 16 == 0, rows);  →  "src/…:12: ASSERT(rows % 16 == 0) failed: rows = 7"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace mill {

template <class... Values>
[[noreturn, gnu::cold, gnu::noinline]] void assertion_failed(const char* where, const char* what,
                                                             const char* names,
                                                             const Values&... values) {
  std::string text = fmt::format("{}: ASSERT({}) failed", where, what);
  if constexpr (sizeof...(Values) > 0) {
    text += fmt::format(": {} =", names);
    ((text += fmt::format(" {}", values)), ...);
  }
  std::fprintf(stderr, "%s\nThis is a bug in tokenmill; please report it.\n", text.c_str());
  std::abort();
}

}  // namespace mill

#define MILL_STRING_(x) #x
#define MILL_STRING(x) MILL_STRING_(x)
#define ASSERT(condition, ...)                                                 \
  do {                                                                         \
    if (!(condition)) [[unlikely]]                                             \
      ::mill::assertion_failed(__FILE__ ":" MILL_STRING(__LINE__), #condition, \
                               #__VA_ARGS__ __VA_OPT__(, ) __VA_ARGS__);       \
  } while (false)
#ifdef NDEBUG
#define DASSERT(condition, ...) static_cast<void>(0)
#else
#define DASSERT(condition, ...) ASSERT(condition __VA_OPT__(, ) __VA_ARGS__)
#endif
