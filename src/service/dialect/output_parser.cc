#include "service/dialect/output_parser.h"

#include <algorithm>
#include <utility>

namespace mill::dialect {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  const size_t at = text.find_first_not_of(" \n\r\t");
  return text.substr(std::min(at, text.size()));
}

}  // namespace

OutputParser::OutputParser(ParserOptions options) : options_(std::move(options)) {
  if (options_.thinking && options_.thoughts != nullptr) {
    mode_ = Mode::thoughts;
    drop_spaces_ = true;
  }
  const bool anything = options_.thoughts != nullptr || options_.format != nullptr;
  if (!anything) mode_ = Mode::answer;
  if (!options_.begun.empty()) thought_ = true;
  take(options_.begun);
}

std::vector<OutputEvent> OutputParser::feed(std::string_view text) {
  take(text);
  return events_.take();
}

void OutputParser::take(std::string_view text) {
  for (const char c : text) {
    ahead_ += c;
    step_all();
  }
}

void OutputParser::step_all() {
  while (!ahead_.empty()) {
    const char next = ahead_.back();
    ahead_.pop_back();
    step(next);
  }
}

void OutputParser::step(char c) {
  switch (mode_) {
    case Mode::start:
      return at_start(c);
    case Mode::thoughts:
      return in_thoughts(c);
    case Mode::answer:
      return in_answer(c);
    case Mode::calls:
      return in_calls(c);
  }
}

void OutputParser::at_start(char c) {
  pending_ += c;
  const std::string_view text = trimmed(pending_);
  if (text.empty()) return;
  if (!thought_ && options_.thoughts != nullptr && options_.thoughts->open.starts_with(text)) {
    if (text != options_.thoughts->open) return;
    pending_.clear();
    drop_spaces_ = true;
    mode_ = Mode::thoughts;
    return;
  }
  if (options_.structured && options_.format != nullptr) {
    if (opens(text)) return text == options_.format->open ? open_region() : void();
    options_.format = nullptr;
  }
  std::string begun = std::exchange(pending_, {});
  if (drop_spaces_) begun = trimmed(begun);
  const char first = trimmed(begun).front();
  const bool bare = options_.format != nullptr && options_.format->bare.contains(first);
  mode_ = bare ? Mode::calls : Mode::answer;
  if (bare) {
    reader_ = options_.format->reader({.close = "", .tools = &options_.tools, .known_only = true});
    marker_bytes_ = begun.size();
  }
  replay(begun);
}

void OutputParser::in_thoughts(char c) {
  const std::string_view close = options_.thoughts->close;
  pending_ += c;
  while (!close.starts_with(pending_)) {
    plain(pending_.front(), OutputKind::thinking);
    pending_.erase(0, 1);
  }
  if (pending_ != close) return;
  pending_.clear();
  spaces_.clear();
  thought_ = drop_spaces_ = true;
  mode_ = Mode::start;
}

void OutputParser::in_answer(char c) {
  if (options_.format == nullptr || options_.format->open.empty())
    return plain(c, OutputKind::text);
  pending_ += c;
  while (!opens(pending_)) {
    plain(pending_.front(), OutputKind::text);
    pending_.erase(0, 1);
  }
  if (pending_ == options_.format->open) open_region();
}

// Whether the text is the beginning of an opening; the empty text is one of any.
bool OutputParser::opens(std::string_view text) const {
  return options_.format->open.starts_with(text);
}

void OutputParser::open_region() {
  held_ = std::exchange(spaces_, {}) + std::exchange(pending_, {});
  marker_bytes_ = held_.size();
  reader_ = options_.format->reader(
      {.close = options_.format->close, .tools = &options_.tools, .known_only = false});
  mode_ = Mode::calls;
}

// A byte with which a call begins or ends, or that belongs to one, is told by the reader's events.
void OutputParser::in_calls(char c) {
  OutputEvents told;
  const Reading reading = reader_->feed(c, told);
  const bool silent = !pass_on(told) && !in_call_;
  if (reading == Reading::more) {
    if (silent) held_ += c;
    return;
  }
  mode_ = Mode::answer;
  in_call_ = false;
  if (reading == Reading::over) {
    held_.clear();
    marker_bytes_ = 0;
    return;
  }
  ahead_ += c;
  release();
}

// Whether there was anything to tell.
bool OutputParser::pass_on(OutputEvents& told) {
  const std::vector<OutputEvent> list = told.take();
  for (const OutputEvent& event : list) {
    if (event.kind == OutputKind::call_end) {
      in_call_ = false;
      drop_spaces_ = true;
      events_.end_call(event.whole);
    } else {
      in_call_ = in_call_ || event.kind == OutputKind::call_begin;
      events_.add(event.kind, event.text);
    }
    held_.clear();
    marker_bytes_ = 0;
  }
  return !list.empty();
}

// What began like a call and is none: its marker is text, the rest may hold anything.
void OutputParser::release() {
  const std::string text = std::exchange(held_, {});
  const size_t plain_bytes = std::exchange(marker_bytes_, 0);
  for (const char c : text.substr(0, std::min(plain_bytes, text.size())))
    plain(c, OutputKind::text);
  if (text.size() > plain_bytes) replay(text.substr(plain_bytes));
}

// These bytes come next, before those that are ahead already.
void OutputParser::replay(const std::string& text) { ahead_.append(text.rbegin(), text.rend()); }

void OutputParser::plain(char c, OutputKind kind) {
  const bool holds = kind == OutputKind::thinking || options_.format != nullptr;
  if (is_space(c) && (holds || drop_spaces_)) {
    if (!drop_spaces_) spaces_ += c;
    return;
  }
  drop_spaces_ = false;
  events_.add(kind, std::exchange(spaces_, {}));
  events_.add(kind, {&c, 1});
}

std::vector<OutputEvent> OutputParser::finish() {
  while (mode_ == Mode::calls) {
    OutputEvents told;
    reader_->finish(told);
    pass_on(told);
    mode_ = Mode::answer;
    in_call_ = false;
    release();
    step_all();
  }
  const OutputKind kind = mode_ == Mode::thoughts ? OutputKind::thinking : OutputKind::text;
  for (const char c : std::exchange(pending_, {})) plain(c, kind);
  if (kind == OutputKind::text) events_.add(kind, std::exchange(spaces_, {}));
  return events_.take();
}

}  // namespace mill::dialect
