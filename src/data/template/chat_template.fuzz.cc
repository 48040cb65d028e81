// Whatever the template says, compiling and rendering it ends soon, with text or an error.

#include "data/template/chat_template.h"

#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto context = nlohmann::ordered_json::parse(R"({
    "messages": [
      {"role": "system", "content": "Sei kurz. \u00df\ud83d\udc4d"},
      {"role": "user", "content": [{"type": "text", "text": " a\nb "}]},
      {"role": "assistant", "content": null, "tool_calls": [
        {"id": "1", "function": {"name": "f", "arguments": {"x": [1, 2.5, true, null]}}}]}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
    "n": 7, "x": 2.5, "s": "some, text", "d": {"a": 1, "b": [1, 2, 3]}
  })");
  const auto compiled = mill::ChatTemplate::compile({reinterpret_cast<const char*>(data), size});
  std::tm now{};
  now.tm_year = 126;
  now.tm_mday = 1;
  if (compiled) static_cast<void>(compiled->render(context, now));
  return 0;
}
