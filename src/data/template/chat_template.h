#pragma once
// The Jinja that model files carry to turn messages into a prompt. docs/formats/jinja.md says which
// Jinja that is; it renders what Python's jinja2 renders as Hugging Face transformers sets it up.

#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mill {

class ChatTemplate {
 public:
  // An unsupported construct or a syntax error names its line.
  static Result<ChatTemplate> compile(std::string_view source);

  // `context`: messages, tools, add_generation_prompt, bos_token, eos_token, and what the caller's
  // chat_template_kwargs add (enable_thinking, …). Key order of objects is kept (ordered_json), as
  // tojson prints it. A template's raise_exception(text) is Error{invalid, text}. Bounded: output
  // size, work, memory and depth are limited, so a hostile template cannot hang or eat the memory.
  // Thread-safe: one compiled template may render on many threads at once.
  Result<std::string> render(const nlohmann::ordered_json& context) const;

  // The same at a given local time, which is what the template's strftime_now(format) shows.
  Result<std::string> render(const nlohmann::ordered_json& context, const std::tm& now) const;

  struct Program;

 private:
  std::shared_ptr<const Program> program_;
};

}  // namespace mill
