#include "service/inference/grammars.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mill::inference {

namespace {

// "\u0067" and the like: a field's name in disguise. Nobody else writes letters so.
bool hides_letters(std::string_view body) {
  constexpr std::string_view kEscape = "\\u00";
  for (size_t at = body.find(kEscape); at != body.npos; at = body.find(kEscape, at + 1)) {
    const size_t digit = at + kEscape.size();
    if (digit < body.size() && body[digit] >= '4' && body[digit] <= '7') return true;
  }
  return false;
}

}  // namespace

bool may_need_grammar(std::string_view body) {
  static constexpr std::string_view kFields[] = {"\"response_format\"",
                                                 "\"structured_outputs\"",
                                                 "\"guided_",
                                                 "\"json_schema\"",
                                                 "\"grammar\"",
                                                 "\"format\"",
                                                 "\"tools\""};
  return hides_letters(body) ||
         std::ranges::any_of(kFields, [&](auto field) { return body.contains(field); });
}

Result<grammar::GrammarPtr> Grammars::compiled(const grammar::Spec& spec, uint64_t steps_max) {
  std::string key = fmt::format("{} {}", steps_max, spec.key());
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = places_.find(key); at != places_.end()) {
      entries_.splice(entries_.begin(), entries_, at->second);
      return at->second->grammar;
    }
    ++compilations_;
  }
  auto grammar = grammar::compile(spec, steps_max);
  keep(std::move(key), grammar);
  return grammar;
}

// Two threads may have compiled the same; the first one's stays.
void Grammars::keep(std::string key, const Result<grammar::GrammarPtr>& grammar) {
  const size_t bytes =
      key.size() + sizeof(Entry) + (grammar ? (*grammar)->memory_bytes() : size_t{0});
  const std::lock_guard lock(mutex_);
  if (bytes > bytes_max_ || places_.contains(key)) return;
  entries_.push_front({.key = std::move(key), .grammar = grammar, .bytes = bytes});
  places_.emplace(entries_.front().key, entries_.begin());
  bytes_ += bytes;
  while (bytes_ > bytes_max_) {
    bytes_ -= entries_.back().bytes;
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

size_t Grammars::memory_bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

uint64_t Grammars::compilations() const {
  const std::lock_guard lock(mutex_);
  return compilations_;
}

}  // namespace mill::inference
