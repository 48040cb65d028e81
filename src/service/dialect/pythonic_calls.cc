#include <optional>

#include "service/dialect/call_reader.h"
#include "service/dialect/python_literal.h"

namespace mill::dialect {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

// A call is told when it is whole: Python's values are not JSON's, so they are translated.
class PythonicCalls : public CallReader {
 public:
  explicit PythonicCalls(CallRegion region) : region_(region) {}

  Reading feed(char c, OutputEvents& events) override {
    if (!call_.empty()) return in_call(c, events);
    if (!closing_.empty()) return in_close(c);
    if (is_space(c)) return Reading::more;
    if (c == '[' && !in_array_ && calls_ == 0) return in_array_ = true, Reading::more;
    if (c == ']' && in_array_ && calls_ > 0) return end_array();
    if (c == ',' && in_array_ && calls_ > 0 && !separated_) return separated_ = true, Reading::more;
    const bool may_begin = calls_ == 0 || separated_;
    if (may_begin && is_name(c)) return call_ = c, Reading::more;
    if (!in_array_ && calls_ > 0 && !region_.close.empty()) return in_close(c);
    return calls_ > 0 ? Reading::past : Reading::reject;
  }

  void finish(OutputEvents&) override {}  // half a call is none

 private:
  Reading in_call(char c, OutputEvents& events) {
    if (nesting_ == 0 && c != '(' && !is_name(c)) return Reading::reject;
    call_ += c;
    if (quote_ != 0) {
      if (!escaped_ && c == quote_) quote_ = 0;
      escaped_ = !escaped_ && c == '\\';
      return Reading::more;
    }
    if (c == '\'' || c == '"') quote_ = c;
    if (c == '(' || c == '[' || c == '{') ++nesting_;
    if (c == ')' || c == ']' || c == '}') --nesting_;
    if (nesting_ > 0) return Reading::more;
    if (c == ')') return end_call(events);
    return is_name(c) ? Reading::more : broken();
  }

  // The byte is in call_, but not the parser's yet: to reject is not to take it.
  Reading broken() {
    call_.clear();
    return Reading::reject;
  }

  Reading end_call(OutputEvents& events) {
    const auto call = parse_python_call(call_);
    if (!call || (region_.known_only && !region_.tools->contains(call->name))) return broken();
    call_.clear();
    separated_ = false;
    ++calls_;
    events.add(OutputKind::call_begin, call->name);
    events.add(OutputKind::arguments, call->arguments.dump());
    events.end_call(true);
    return in_array_ || !region_.close.empty() ? Reading::more : Reading::over;
  }

  Reading end_array() {
    in_array_ = false;
    return region_.close.empty() ? Reading::over : Reading::more;
  }

  Reading in_close(char c) {
    if (c != region_.close[closing_.size()]) return Reading::past;
    closing_ += c;
    return closing_ == region_.close ? Reading::over : Reading::more;
  }

  CallRegion region_;
  std::string call_, closing_;
  size_t calls_ = 0;
  int nesting_ = 0;
  char quote_ = 0;
  bool escaped_ = false, in_array_ = false, separated_ = false;
};

// After <|python_tag|>, or where the answer begins with a brace.
class LlamaCalls : public CallReader {
 public:
  explicit LlamaCalls(CallRegion region) : region_(region) {}

  Reading feed(char c, OutputEvents& events) override {
    if (reader_ == nullptr && is_space(c)) return Reading::more;
    if (reader_ == nullptr) {
      region_.known_only = region_.known_only || c != '{';  // any Python looks like a call
      reader_ = c == '{' ? json_calls(region_) : pythonic_calls(region_);
    }
    return reader_->feed(c, events);
  }
  void finish(OutputEvents& events) override {
    if (reader_ != nullptr) reader_->finish(events);
  }

 private:
  CallRegion region_;
  std::unique_ptr<CallReader> reader_;
};

}  // namespace

std::unique_ptr<CallReader> llama_calls(CallRegion region) {
  return std::make_unique<LlamaCalls>(region);
}

std::unique_ptr<CallReader> pythonic_calls(CallRegion region) {
  return std::make_unique<PythonicCalls>(region);
}

}  // namespace mill::dialect
