#include "service/dialect/dialects.h"

namespace mill::dialect {

using grammar::Notation;

const std::vector<ThoughtFormat>& thought_formats() {
  static const std::vector<ThoughtFormat> kRows = {
      {"think", "<think>", "</think>"},           // DeepSeek R1, Qwen 3, SmolLM3, Nemotron
      {"THINK", "[THINK]", "[/THINK]"},           // Magistral, Ministral
      {"seed", "<seed:think>", "</seed:think>"},  // Seed-OSS
  };
  return kRows;
}

// The first row whose signs are there counts, so the more particular ones come first. The notations
// are those of the models' own templates.
const std::vector<ToolFormat>& tool_formats() {
  static const std::vector<ToolFormat> kRows = {
      // Qwen3-Coder, Qwen 3.5, Nemotron 3, StepFun
      {"tagged", "<function=", "<tool_call>", "<tool_call>", "</tool_call>", "", tagged_calls,
       "<tool_call>\n<function=", ">\n", Notation::tagged, "</function>",
       "\n</tool_call>\n<tool_call>\n<function=", "\n</tool_call>"},
      // Nemotron Nano v2, Llama-Nemotron
      {"nemotron", "<TOOLCALL>", "", "<TOOLCALL>", "</TOOLCALL>", "", json_calls,
       "<TOOLCALL>[{\"name\": \"", "\", \"arguments\": ", Notation::json, "}", ", {\"name\": \"",
       "]</TOOLCALL>"},
      // Mistral since tekken v11: Small 3.2, Devstral, Ministral
      {"mistral", "[TOOL_CALLS]", "[ARGS]", "[TOOL_CALLS]", "", "", mistral_calls, "[TOOL_CALLS]",
       "[ARGS]", Notation::json, "", "[TOOL_CALLS]", ""},
      // Mistral 7B v0.3, Nemo
      {"mistral_array", "[TOOL_CALLS]", "", "[TOOL_CALLS]", "", "", mistral_calls,
       "[TOOL_CALLS][{\"name\": \"", "\", \"arguments\": ", Notation::json, "}", ", {\"name\": \"",
       "]"},
      // Llama 3.1, 3.2, 3.3
      {"llama3", "\"parameters\": ", "<|start_header_id|>", "<|python_tag|>", "", "{", llama_calls,
       "{\"name\": \"", "\", \"parameters\": ", Notation::json, "}", "; {\"name\": \"", "",
       R"( \{ ("type" : "function" , )?"name" : ")", "\""},
      // Llama 4
      {"pythonic", "<|python_start|>", "", "<|python_start|>", "<|python_end|>", "[",
       pythonic_calls, "[", "(", Notation::python, ")", ", ", "]", R"( \[ )", R"((?:\.call)?\()"},
      // Llama 3.2's and Gemma's prompts that ask for [f(x=1)]
      {"pythonic_list", "func_name1(", "", "", "", "[", pythonic_calls, "[", "(", Notation::python,
       ")", ", ", "]", R"( \[ )", R"((?:\.call)?\()"},
      // Qwen 2.5 and 3, Hermes, SmolLM3, Bielik, Granite 4; and whoever has no way of his own
      {"hermes", "<tool_call>", "", "<tool_call>", "</tool_call>", "", json_calls,
       "<tool_call>\n{\"name\": \"", "\", \"arguments\": ", Notation::json, "}",
       "\n</tool_call>\n<tool_call>\n{\"name\": \"", "\n</tool_call>"},
  };
  return kRows;
}

std::vector<std::string_view> markers(const Dialect& dialect) {
  std::vector<std::string_view> all = {dialect.tools->open, dialect.tools->close, "[ARGS]",
                                       "[CALL_ID]"};
  if (dialect.thoughts != nullptr)
    all.insert(all.end(), {dialect.thoughts->open, dialect.thoughts->close});
  return all;
}

Dialect dialect_of(std::string_view chat_template) {
  Dialect found{.tools = &tool_formats().back()};
  for (const ThoughtFormat& row : thought_formats()) {
    if (found.thoughts == nullptr && chat_template.contains(row.close)) found.thoughts = &row;
  }
  for (const ToolFormat& row : tool_formats()) {
    if (!chat_template.contains(row.sign) || !chat_template.contains(row.also)) continue;
    found.tools = &row;
    break;
  }
  found.template_knows_tools = chat_template.contains("tools");
  return found;
}

}  // namespace mill::dialect
