#pragma once
// The model's text in, piece by piece; what it means out: thoughts, answer, calls of tools.
//
//   output   = [ space ] [ open thoughts close ] [ space ] answer
//   thoughts = open … close of the dialect's ThoughtFormat, or … close where the prompt has opened
//   answer   = { text | region }        region = open calls close of the dialect's ToolFormat
//            | bare calls               where the format has them
//            | any text | region { [ space ] region }      where the answer has a format of its own
//
// It steps byte by byte and holds back only what may still become a marker or a call. So what it
// has told after a text does not depend on how the text was cut into pieces (the property test
// tries all cuts). What begins like a call and is none becomes text again; nothing gets lost but
// white space around thoughts and calls.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/dialect/dialects.h"

namespace mill::dialect {

struct ParserOptions {
  const ThoughtFormat* thoughts = nullptr;  // null: the text has none
  const ToolFormat* format = nullptr;       // null: no calls
  Tools tools = {};
  bool thinking = false;  // the prompt has opened the thoughts
  // The answer has a format of its own, unless it begins with a region: what looks like one
  // further on is text like all the rest of it.
  bool structured = false;
  std::string begun = {};  // what the prompt holds of the answer already: the beginning of a call
};

class OutputParser {
 public:
  explicit OutputParser(ParserOptions);

  std::vector<OutputEvent> feed(std::string_view text);
  std::vector<OutputEvent> finish();
  bool thinking() const { return mode_ == Mode::thoughts; }

 private:
  // start: nothing but white space so far, of the output or of what follows the thoughts
  enum class Mode : uint8_t { start, thoughts, answer, calls };

  void take(std::string_view text);
  void step_all();
  void step(char c);
  void at_start(char c);
  void in_thoughts(char c);
  void in_answer(char c);
  void in_calls(char c);
  bool opens(std::string_view text) const;
  void open_region();
  bool pass_on(OutputEvents&);
  void release();
  void replay(const std::string& text);
  void plain(char c, OutputKind kind);

  ParserOptions options_;
  OutputEvents events_;
  Mode mode_ = Mode::start;
  bool thought_ = false;      // thoughts are over
  bool drop_spaces_ = false;  // at the beginning of what follows thoughts or calls
  bool in_call_ = false;      // begun, not ended
  std::string ahead_;         // to be stepped through, the next byte last
  std::string pending_;       // may become a marker
  std::string spaces_;        // may turn out to be the last of thoughts, or before a call
  std::string held_;          // of the region, since its beginning or its last call
  size_t marker_bytes_ = 0;   // of held_, which cannot begin a region again
  std::unique_ptr<CallReader> reader_;
};

}  // namespace mill::dialect
