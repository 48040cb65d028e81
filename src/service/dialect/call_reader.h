#pragma once
// The inside of a region in which a model calls tools: the seam between the parser of the whole
// output (output_parser.h) and the notations of calls, a file each.

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "service/dialect/output_event.h"

namespace mill::dialect {

using Json = nlohmann::ordered_json;

// The tools that there are: their parameters' schemas by name. A notation that looks like ordinary
// text counts as a call only if it names one of them.
using Tools = std::map<std::string, Json, std::less<>>;

enum class Reading : uint8_t {
  more,    // took the byte
  over,    // took it, and the region ends with it
  past,    // the region had ended before it
  reject,  // did not take it: no call goes on like this
};

// After call_begin, everything that is read is told in events, up to call_end. What is read
// before, and not followed by a call_begin, is nobody's; the parser makes text of it.
class CallReader {
 public:
  virtual ~CallReader() = default;
  virtual Reading feed(char c, OutputEvents&) = 0;
  virtual void finish(OutputEvents&) = 0;  // the output ends here; ends a call that has begun
};

struct CallRegion {
  std::string_view close;  // ends the region; "" = it ends with its last call
  const Tools* tools = nullptr;
  bool known_only = false;  // a call of anything else is none (ToolFormat::bare_before)
};

// {"name": "f", "arguments": {…}}, or an array or a row of them (separated by , or ; or space).
std::unique_ptr<CallReader> json_calls(CallRegion);
// [f(x=1, y='a'), g()], or f(x=1) alone; f.call(x=1) is the same.
std::unique_ptr<CallReader> pythonic_calls(CallRegion);
// json_calls, or f.call(x=1).
std::unique_ptr<CallReader> llama_calls(CallRegion);
// f[ARGS]{…}, or f{…}, or json_calls.
std::unique_ptr<CallReader> mistral_calls(CallRegion);
// <function=f> <parameter=x> value </parameter> … </function>, or json_calls.
std::unique_ptr<CallReader> tagged_calls(CallRegion);

}  // namespace mill::dialect
