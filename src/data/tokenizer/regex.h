#pragma once
// The regular expressions that cut text into words, as PCRE2 compiles them.
//
// Tokenizer files are written for Oniguruma; compile() rewrites what means something else there:
// \s (PCRE2 adds U+180E), \h (hex digits there, blanks here) and $ ^ (always by line there). What
// has no equal here (class intersections, nested classes) is an Error.

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace mill::tok {

struct Span {
  size_t begin = 0;
  size_t end = 0;
};

class Regex {
 public:
  struct Program;

  static Result<Regex> compile(std::string_view oniguruma_pattern);
  static Result<Regex> literal(std::string_view text);

  // Const and shared between threads; a Matcher is one thread's scratch space for it.
  class Matcher {
   public:
    explicit Matcher(const Regex&);
    ~Matcher();
    Matcher(Matcher&&) noexcept;
    Matcher(const Matcher&) = delete;
    Matcher& operator=(const Matcher&) = delete;
    Matcher& operator=(Matcher&&) = delete;

    // The leftmost match at or after `from` in valid UTF-8; may be empty. A pattern that exceeds
    // its budget of backtracking (a hostile file) finds nothing further.
    std::optional<Span> find(std::string_view text, size_t from);

   private:
    struct Scratch;
    std::shared_ptr<const Program> program_;
    std::unique_ptr<Scratch> scratch_;
  };

 private:
  std::shared_ptr<const Program> program_;
};

}  // namespace mill::tok
