// Whatever a model writes, in whatever pieces: the same events, no byte of the answer invented, and
// arguments that are whole are one JSON object.

#include "service/dialect/output_parser.h"

#include "base/assert.h"

using namespace mill::dialect;

namespace {

std::vector<OutputEvent> joined(OutputParser& parser, std::string_view text, size_t piece) {
  OutputEvents all;
  const auto keep = [&](const std::vector<OutputEvent>& events) {
    for (const OutputEvent& event : events) {
      if (event.kind == OutputKind::call_end) all.end_call(event.whole);
      if (event.kind != OutputKind::call_end) all.add(event.kind, event.text);
    }
  };
  for (size_t at = 0; at < text.size(); at += piece) keep(parser.feed(text.substr(at, piece)));
  keep(parser.finish());
  return all.take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const auto& formats = tool_formats();
  const ParserOptions options{.thoughts = &thought_formats()[data[0] % 2],
                              .format = &formats[data[0] / 2 % formats.size()],
                              .tools = {{"f", Json::object()}},
                              .thinking = data[0] >= 128};
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  OutputParser whole(options), pieces(options);
  const auto events = joined(whole, text, text.size() + 1);
  ASSERT(events == joined(pieces, text, data[1] % 16 + 1), text.size());
  std::string arguments;
  bool in_call = false;
  for (const OutputEvent& event : events) {
    if (event.kind == OutputKind::call_begin) {
      ASSERT(!in_call, text.size());
      in_call = true;
      arguments.clear();
    }
    ASSERT(in_call == (event.kind >= OutputKind::call_begin), text.size());
    if (event.kind == OutputKind::call_end) in_call = false;
    if (event.kind == OutputKind::arguments) arguments += event.text;
    // What is no UTF-8 is no JSON either, but engines feed whole characters only.
    if (event.kind == OutputKind::call_end && event.whole)
      ASSERT(arguments.starts_with('{') && arguments.ends_with('}'), arguments);
  }
  return 0;
}
