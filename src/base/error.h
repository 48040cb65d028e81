#pragma once
// What the outside world can cause is a Result: a value, or an Error whose sentence says what was
// wrong and what to do about it. Our own bugs are ASSERTs (base/assert.h). Nothing throws; what a
// library throws is caught where we call it.

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

namespace mill {

// The kinds are as coarse as the reactions to them: an HTTP status and an exit code each.
enum class ErrorKind {
  invalid,      // the input is wrong: 400, exit 2
  not_found,    // no such thing: 404, exit 3
  unsupported,  // a valid input that we do not implement: 400, exit 4
  exhausted,    // too large for the memory, or too busy now: 503, exit 5
  io,           // disk or network refused: 500, exit 6
  cancelled,    // the caller went away: 499, exit 130
};

struct Error {
  ErrorKind kind = ErrorKind::invalid;
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

template <class... Args>
std::unexpected<Error> fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error{kind, fmt::format(format, std::forward<Args>(args)...)});
}

// Puts the place in front of the sentence, for callers that know it: "model.gguf: truncated at …".
inline std::unexpected<Error> within(const std::string& place, Error error) {
  error.message = place + ": " + error.message;
  return std::unexpected(std::move(error));
}

}  // namespace mill

#define MILL_CONCAT_(a, b) a##b
#define MILL_CONCAT(a, b) MILL_CONCAT_(a, b)

// TRY(check(x));                      returns the error of a Result<void> (or any) to the caller
// TRY_ASSIGN(auto file, open(path));  … and otherwise names the value
#define TRY(expression)                                       \
  do {                                                        \
    if (auto try_result_ = (expression); !try_result_)        \
      return std::unexpected(std::move(try_result_).error()); \
  } while (false)
#define TRY_ASSIGN(declaration, expression)                                        \
  auto MILL_CONCAT(try_result_, __LINE__) = (expression);                          \
  if (!MILL_CONCAT(try_result_, __LINE__))                                         \
    return std::unexpected(std::move(MILL_CONCAT(try_result_, __LINE__)).error()); \
  declaration = std::move(*MILL_CONCAT(try_result_, __LINE__))
