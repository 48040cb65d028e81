#pragma once
// How models write down that they think, and that they call tools: tables, a row for each way.
// Which rows are a model's is found in its chat template, by the words that only this way has.

#include <memory>
#include <string_view>
#include <vector>

#include "data/grammar/notation.h"
#include "service/dialect/call_reader.h"

namespace mill::dialect {

// <think> … </think>, before the answer
struct ThoughtFormat {
  const char* name;
  std::string_view open, close;
};

struct ToolFormat {
  const char* name;
  std::string_view sign;   // the row is a model's if its template has this …
  std::string_view also;   // … and this; "" = nothing more is needed
  std::string_view open;   // begins a region of calls; "" = only what follows
  std::string_view close;  // ends it; "" = the calls end by themselves
  std::string_view bare;   // characters one of which begins calls if it begins the answer
  std::unique_ptr<CallReader> (*reader)(CallRegion);
  // How calls are written by the model that has to make them: before_name NAME after_name ARGUMENTS
  // after_arguments { next NAME … after_arguments } [ending]. The answer's own end does for the
  // region, too, but a model that may go on needs its accustomed way not to.
  std::string_view before_name, after_name;
  grammar::Notation notation;
  std::string_view after_arguments, next, ending;
  // How bare calls begin, before the tool's name and behind it, as far as makes them calls to the
  // reader: patterns (regex_syntax.h), in which a blank is any white space.
  std::string_view bare_before = "", bare_after = "";
};

const std::vector<ThoughtFormat>& thought_formats();
const std::vector<ToolFormat>& tool_formats();

struct Dialect {
  const ThoughtFormat* thoughts = nullptr;  // null = the model does not think aloud
  const ToolFormat* tools = nullptr;        // never null
  bool template_knows_tools = false;        // else the tools must be explained in a message
};

// What the parser must see as text, control tokens or not.
std::vector<std::string_view> markers(const Dialect&);

Dialect dialect_of(std::string_view chat_template);

}  // namespace mill::dialect
