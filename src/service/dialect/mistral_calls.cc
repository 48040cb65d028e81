#include <string>

#include "service/dialect/call_reader.h"
#include "service/dialect/json_scanner.h"

namespace mill::dialect {
namespace {

constexpr std::string_view kArguments = "[ARGS]", kId = "[CALL_ID]";
constexpr size_t kNameMax = 256;

// After [TOOL_CALLS]: name [ "[CALL_ID]" id ] [ "[ARGS]" ] object. What begins as JSON is left to
// json_calls, which is how the older ones of the family write.
class MistralCalls : public CallReader {
 public:
  explicit MistralCalls(CallRegion region) : region_(region) {}

  Reading feed(char c, OutputEvents& events) override {
    if (json_ != nullptr) return json_->feed(c, events);
    if (begun_) return in_arguments(c, events);
    if (head_.empty() && (c == '[' || c == '{')) {
      json_ = json_calls(region_);
      return json_->feed(c, events);
    }
    if (c != '{') return in_head(c);
    const std::string name = name_in_head();
    if (name.empty()) return Reading::reject;
    begun_ = true;
    events.add(OutputKind::call_begin, name);
    return in_arguments(c, events);
  }

  void finish(OutputEvents& events) override {
    if (json_ != nullptr) json_->finish(events);
    if (begun_) events.end_call(false);
  }

 private:
  Reading in_head(char c) {
    if (head_.empty() && (c == ' ' || c == '\n')) return Reading::more;
    if (head_.size() == kNameMax || c == '\n' || c == '}') return Reading::reject;
    head_ += c;
    return Reading::more;
  }

  // "f[CALL_ID]abc[ARGS]" → "f"
  std::string name_in_head() const {
    std::string_view name = head_;
    if (name.ends_with(kArguments)) name.remove_suffix(kArguments.size());
    name = name.substr(0, name.find(kId));
    while (name.ends_with(' ')) name.remove_suffix(1);
    const bool plain = name.find_first_of(" []\"") == std::string_view::npos;
    return plain ? std::string(name) : "";
  }

  Reading in_arguments(char c, OutputEvents& events) {
    const Scan scan = scanner_.feed(c);
    if (scan == Scan::bad) {
      events.end_call(false);
      begun_ = false;
      return Reading::past;
    }
    events.add(OutputKind::arguments, {&c, 1});
    if (scan != Scan::done) return Reading::more;
    events.end_call(true);
    begun_ = false;
    return Reading::over;
  }

  CallRegion region_;
  std::string head_;
  JsonScanner scanner_;
  std::unique_ptr<CallReader> json_;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<CallReader> mistral_calls(CallRegion region) {
  return std::make_unique<MistralCalls>(region);
}

}  // namespace mill::dialect
