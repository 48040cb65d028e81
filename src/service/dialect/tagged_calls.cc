#include <string>

#include "data/grammar/notation.h"
#include "service/dialect/call_reader.h"
#include "service/dialect/json_scanner.h"

namespace mill::dialect {
namespace {

constexpr std::string_view kFunction = "<function=", kParameter = grammar::kParameterOpen,
                           kParameterEnd = grammar::kParameterClose, kFunctionEnd = "</function>";
constexpr size_t kNameMax = 256;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Whether `text` may still become `word` + name + '>', or is that already.
bool opens(std::string_view text, std::string_view word) {
  if (text.size() <= word.size()) return word.starts_with(text);
  return text.starts_with(word) && text.size() < kNameMax &&
         text.find_first_of("<\n") == text.rfind('<');
}

// The values are bare text, so what they mean is what the tool's schema says: a string, or JSON.
Json typed(std::string text, const Json& schema, const std::string& name) {
  if (text.starts_with('\n')) text.erase(0, 1);
  if (text.ends_with('\n')) text.pop_back();
  if (grammar::is_bare_argument(schema, name)) return text;
  Json value = Json::parse(text, nullptr, false);
  if (text == "True" || text == "False") value = text == "True";
  if (text == "None") value = nullptr;
  return value.is_discarded() ? Json(text) : value;
}

class TaggedCalls : public CallReader {
 public:
  explicit TaggedCalls(CallRegion region) : region_(region) {}

  Reading feed(char c, OutputEvents& events) override {
    if (json_ != nullptr) return json_->feed(c, events);
    if (taken_.empty() && state_ != State::value && is_space(c)) return Reading::more;
    if (state_ == State::head && taken_.empty() && (c == '{' || c == '[')) {
      json_ = json_calls(region_);
      return json_->feed(c, events);
    }
    taken_ += c;
    switch (state_) {
      case State::head:
        return in_head(events);
      case State::parameters:
        return in_parameters(events);
      case State::value:
        return in_value(events);
      default:
        return in_close();
    }
  }

  void finish(OutputEvents& events) override {
    if (json_ != nullptr) json_->finish(events);
    const bool begun = state_ == State::parameters || state_ == State::value;
    if (begun) events.end_call(false);
  }

 private:
  enum class State : uint8_t { head, parameters, value, close };

  std::string name_in(std::string_view word) const {
    return taken_.substr(word.size(), taken_.size() - word.size() - 1);
  }
  Reading go(State next) {
    taken_.clear();
    state_ = next;
    return Reading::more;
  }

  Reading in_head(OutputEvents& events) {
    if (!opens(taken_, kFunction)) return Reading::reject;
    if (!taken_.ends_with('>')) return Reading::more;
    name_ = name_in(kFunction);
    if (name_.empty()) return Reading::reject;
    events.add(OutputKind::call_begin, name_);
    events.add(OutputKind::arguments, "{");
    return go(State::parameters);
  }

  Reading in_parameters(OutputEvents& events) {
    if (taken_ == kFunctionEnd) {
      events.add(OutputKind::arguments, "}");
      events.end_call(true);
      go(State::close);
      return region_.close.empty() ? Reading::over : Reading::more;
    }
    if (kFunctionEnd.starts_with(taken_)) return Reading::more;
    if (!opens(taken_, kParameter)) return broken(events);
    if (!taken_.ends_with('>')) return Reading::more;
    key_ = name_in(kParameter);
    json_value_ = !grammar::is_bare_argument(schema(), key_);
    value_ = {};
    return go(State::value);
  }

  Reading in_value(OutputEvents& events) {
    if (json_value_ && in_json_string()) return Reading::more;
    if (!taken_.ends_with(kParameterEnd)) return Reading::more;
    taken_.resize(taken_.size() - kParameterEnd.size());
    const Json value = typed(taken_, schema(), key_);
    constexpr auto kReplace = Json::error_handler_t::replace;
    events.add(OutputKind::arguments, (std::exchange(some_, true) ? ", " : "") +
                                          Json(key_).dump(-1, ' ', false, kReplace) + ": " +
                                          value.dump(-1, ' ', false, kReplace));
    return go(State::parameters);
  }

  // A tag within a string of a JSON value is the string's.
  bool in_json_string() {
    const Scan scan = value_.feed(taken_.back());
    json_value_ = scan == Scan::more;
    return json_value_ && value_.in_string();
  }

  const Json& schema() const {
    static const Json kUnknown;
    const auto tool = region_.tools->find(name_);
    return tool == region_.tools->end() ? kUnknown : tool->second;
  }

  Reading in_close() {
    if (!region_.close.starts_with(taken_)) return Reading::past;
    return taken_ == region_.close ? Reading::over : Reading::more;
  }

  Reading broken(OutputEvents& events) {
    events.end_call(false);
    go(State::close);
    return Reading::past;
  }

  CallRegion region_;
  State state_ = State::head;
  std::string taken_, name_, key_;
  bool some_ = false;
  JsonScanner value_;        // of the value under way,
  bool json_value_ = false;  // as long as it reads as JSON
  std::unique_ptr<CallReader> json_;
};

}  // namespace

std::unique_ptr<CallReader> tagged_calls(CallRegion region) {
  return std::make_unique<TaggedCalls>(region);
}

}  // namespace mill::dialect
