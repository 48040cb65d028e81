#pragma once
// A streamed completion as its client reads it: server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html), and what each of them says.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mill::apps {

// Lines of an event-stream: "data: …" is kept, all other fields and comments are left alone. An
// empty line ends the event, whose lines of data are joined.
class EventReader {
 public:
  std::vector<std::string> feed(std::string_view bytes);  // the data of each event that ended

 private:
  void take(std::string_view line, std::vector<std::string>& events);
  std::string line_, data_;
  bool has_data_ = false;
};

struct LoadUsage {
  uint64_t prompt = 0, cached = 0, answer = 0;  // tokens
};

struct CompletionEvent {
  bool done = false;      // [DONE]
  bool has_text = false;  // a piece of the answer
  std::optional<LoadUsage> usage;
  std::string error;  // "" = none
};

CompletionEvent read_completion_event(std::string_view data);

}  // namespace mill::apps
