#include <array>
#include <optional>

#include "service/dialect/call_reader.h"
#include "service/dialect/json_scanner.h"

namespace mill::dialect {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::optional<Json> parsed(const std::string& text) {
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

// One call: {"name": …, "arguments": {…}} in any order of keys; "parameters" is what Llama says for
// "arguments"; "id", "type" and "index" may be there and say nothing. What only looks like a call
// has its name first, or behind "type": "function", and in letters.
class JsonCall {
 public:
  explicit JsonCall(const CallRegion& region) : region_(region) {}

  Scan feed(char c, OutputEvents& events) {  // done after the last brace; past never
    if (state_ == State::member) return in_member(c, events);
    if (is_space(c)) return Scan::more;
    switch (state_) {
      case State::open:
        return c == '{' ? go(State::first_key) : Scan::bad;
      case State::first_key:
      case State::key:
        if (c == '}' && state_ == State::first_key) return Scan::bad;
        if (c != '"') return Scan::bad;
        start_member(State::key);
        return in_member(c, events);
      case State::colon:
        return c == ':' ? go(State::value) : Scan::bad;
      case State::value:
        start_member(State::value);
        return in_member(c, events);
      case State::after:
        if (c == ',') return go(State::key);
        return c == '}' ? close(events) : Scan::bad;
      default:
        return Scan::bad;
    }
  }
  bool begun() const { return begun_; }

 private:
  enum class State : uint8_t { open, first_key, key, colon, value, member, after };

  Scan go(State next) {
    state_ = next;
    return Scan::more;
  }

  void start_member(State what) {
    what_ = what;
    state_ = State::member;
    scanner_ = {};
    taken_.clear();
  }

  bool holds_arguments() const { return key_ == "arguments" || key_ == "parameters"; }

  Scan in_member(char c, OutputEvents& events) {
    const Scan scan = scanner_.feed(c);
    if (scan == Scan::bad) return Scan::bad;
    if (scan == Scan::past) {
      if (!take_value(events)) return Scan::bad;
      state_ = State::after;
      return feed(c, events);
    }
    const bool first = what_ == State::value && taken_.empty() && !streaming_;
    if (first && holds_arguments() && c == '{' && name_) begin(events);
    if (streaming_) {
      events.add(OutputKind::arguments, {&c, 1});
    } else {
      taken_ += c;
    }
    if (scan == Scan::more) return Scan::more;
    if (what_ == State::key) return take_key() ? go(State::colon) : Scan::bad;
    return take_value(events) ? go(State::after) : Scan::bad;
  }

  bool take_key() {
    const auto key = parsed(taken_);
    if (!key || (region_.known_only && taken_.contains('\\'))) return false;
    const bool first = key_.empty();
    key_ = key->get<std::string>();
    if (key_ == "name") return !name_;
    if (region_.known_only && !name_) return first && key_ == "type";
    if (holds_arguments()) return !arguments_ && !std::exchange(arguments_seen_, true);
    return key_ == "id" || key_ == "type" || key_ == "index";
  }

  bool take_value(OutputEvents& events) {
    if (std::exchange(streaming_, false)) return true;
    if (key_ == "name") return take_name(events);
    if (holds_arguments()) return take_arguments(events);
    if (region_.known_only && !name_) return taken_ == "\"function\"";
    return taken_.front() != '{' && taken_.front() != '[';
  }

  bool take_name(OutputEvents& events) {
    const auto value = parsed(taken_);
    if (!value || !value->is_string() || value->get_ref<const std::string&>().empty()) return false;
    if (region_.known_only && taken_.contains('\\')) return false;
    name_ = value->get<std::string>();
    if (region_.known_only && !region_.tools->contains(*name_)) return false;
    if (arguments_) tell_arguments(events);
    return true;
  }

  // A string that holds the object's text is as good; null is no arguments.
  bool take_arguments(OutputEvents& events) {
    std::string text = taken_ == "null" ? "{}" : taken_;
    if (text.front() == '"') {
      const auto unquoted = parsed(text);
      if (!unquoted) return false;
      text = unquoted->get<std::string>();
      const auto inner = parsed(text);
      if (!inner || !inner->is_object()) return false;
      text.erase(0, text.find('{'));
      text.resize(text.rfind('}') + 1);
    } else if (text.front() != '{') {
      return false;
    }
    arguments_ = text;
    if (name_) tell_arguments(events);
    return true;
  }

  void begin(OutputEvents& events) {
    begun_ = streaming_ = true;
    events.add(OutputKind::call_begin, *name_);
  }

  void tell_arguments(OutputEvents& events) {
    begin(events);
    streaming_ = false;
    events.add(OutputKind::arguments, *arguments_);
  }

  Scan close(OutputEvents& events) {
    if (!name_) return Scan::bad;
    if (!begun_) {
      arguments_ = "{}";
      tell_arguments(events);
    }
    events.end_call(true);
    begun_ = false;
    return Scan::done;
  }

  CallRegion region_;
  State state_ = State::open, what_ = State::key;
  JsonScanner scanner_;
  std::string taken_, key_;  // text of the member under way, unless it streams
  std::optional<std::string> name_, arguments_;
  bool arguments_seen_ = false, begun_ = false, streaming_ = false;
};

class JsonCalls : public CallReader {
 public:
  explicit JsonCalls(CallRegion region) : region_(region), call_(region) {}

  Reading feed(char c, OutputEvents& events) override {
    if (inside_) return in_call(c, events);
    if (!closing_.empty() || starts_close(c)) return in_close(c);
    if (is_space(c)) return Reading::more;
    if (c == '[' && !in_array_ && calls_ == 0) return in_array_ = true, Reading::more;
    if (c == ']' && in_array_ && calls_ > 0) return end_array();
    const bool separator = c == ',' || c == ';';
    if (separator && calls_ > 0 && !array_over_ && !separated_)
      return separated_ = true, Reading::more;
    if (c != '{' || array_over_) return calls_ > 0 ? Reading::past : Reading::reject;
    call_ = JsonCall(region_);
    inside_ = true;
    separated_ = false;
    return in_call(c, events);
  }

  void finish(OutputEvents& events) override {
    if (call_.begun()) events.end_call(false);
  }

 private:
  Reading in_call(char c, OutputEvents& events) {
    const Scan scan = call_.feed(c, events);
    if (scan == Scan::more) return Reading::more;
    inside_ = false;
    if (scan == Scan::done) return ++calls_, Reading::more;
    if (!call_.begun()) return Reading::reject;
    finish(events);
    return Reading::past;
  }

  // Where no array is open, the region can end after any call.
  Reading end_array() {
    in_array_ = false;
    array_over_ = true;
    return region_.close.empty() ? Reading::over : Reading::more;
  }

  bool starts_close(char c) const {
    return !region_.close.empty() && calls_ > 0 && !in_array_ && c == region_.close.front();
  }

  Reading in_close(char c) {
    if (c != region_.close[closing_.size()]) return Reading::past;
    closing_ += c;
    return closing_ == region_.close ? Reading::over : Reading::more;
  }

  CallRegion region_;
  JsonCall call_;
  bool inside_ = false, in_array_ = false, array_over_ = false, separated_ = false;
  size_t calls_ = 0;
  std::string closing_;
};

}  // namespace

std::unique_ptr<CallReader> json_calls(CallRegion region) {
  return std::make_unique<JsonCalls>(region);
}

}  // namespace mill::dialect
