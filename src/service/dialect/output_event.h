#pragma once
// What a model's text turns out to be, piece by piece.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mill::dialect {

enum class OutputKind : uint8_t {
  thinking,    // text: more of the thoughts
  text,        // text: more of the answer
  call_begin,  // text: the tool's name
  arguments,   // text: more of the call's arguments, which are one JSON object when all have come
  call_end,    // whole: the arguments are complete and valid
};

struct OutputEvent {
  OutputKind kind = OutputKind::text;
  std::string text = {};
  bool whole = true;

  bool operator==(const OutputEvent&) const = default;
};

// In order; neighbours of the same kind become one.
class OutputEvents {
 public:
  void add(OutputKind kind, std::string_view text) {
    if (text.empty() && kind != OutputKind::call_begin) return;
    const bool same = !list_.empty() && list_.back().kind == kind;
    if (same && kind != OutputKind::call_begin) {
      list_.back().text += text;
    } else {
      list_.push_back({kind, std::string(text)});
    }
  }
  void end_call(bool whole) { list_.push_back({OutputKind::call_end, "", whole}); }
  std::vector<OutputEvent> take() { return std::exchange(list_, {}); }

 private:
  std::vector<OutputEvent> list_;
};

}  // namespace mill::dialect
