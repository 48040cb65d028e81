#pragma once
// Whether a text, which comes in pieces, has a line that says something, and has ended it: lines of
// white space alone are none.
//   feed("\n") → no   feed("so 7") → no   feed(".\n") → yes

#include <string_view>

namespace mill::llm {

class LineEnd {
 public:
  void feed(std::string_view piece) {
    for (const char c : piece) {
      reached_ |= said_ && c == '\n';
      said_ |= c != '\n' && c != ' ' && c != '\t' && c != '\r';
    }
  }
  bool reached() const { return reached_; }

 private:
  bool said_ = false, reached_ = false;
};

}  // namespace mill::llm
