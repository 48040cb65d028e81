#include "data/tokenizer/pre_tokenizer.h"

#include <algorithm>

#include "data/tokenizer/utf8.h"

namespace mill::tok {

Splitter::Splitter(std::span<const Split> splits) : splits_(splits) {
  matchers_.reserve(splits.size());
  for (const Split& split : splits) matchers_.emplace_back(split.pattern);
}

std::span<const Span> Splitter::words(std::string_view text) {
  words_.clear();
  if (!text.empty()) words_.push_back({0, text.size()});
  for (size_t step = 0; step < splits_.size(); ++step) {
    next_.clear();
    for (const Span word : words_) cut(step, text, word);
    words_.swap(next_);
  }
  return words_;
}

void Splitter::cut(size_t step, std::string_view text, Span word) {
  parts_.clear();
  find_parts(step, text.substr(word.begin, word.end - word.begin), word);
  place(splits_[step].behaviour);
}

// Matches and what lies between them, in order. An empty match cuts, but is no part itself.
void Splitter::find_parts(size_t step, std::string_view text, Span word) {
  const bool flip = splits_[step].invert;
  size_t done = 0;
  for (size_t from = 0; from <= text.size();) {
    const auto match = matchers_[step].find(text, from);
    if (!match) break;
    const size_t begin = word.begin;
    if (match->begin > done) parts_.push_back({{begin + done, begin + match->begin}, flip});
    if (match->end > match->begin)
      parts_.push_back({{begin + match->begin, begin + match->end}, !flip});
    done = match->end;
    from = match->end;
    if (match->end == match->begin)
      from += from < text.size() ? first_code_point(text.substr(from)).size : 1;
  }
  if (done < text.size()) parts_.push_back({{word.begin + done, word.end}, flip});
}

void Splitter::place(SplitBehaviour behaviour) {
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    const bool after_match = i > 0 && parts_[i - 1].match;
    bool joins = false;  // … the word before it
    switch (behaviour) {
      case SplitBehaviour::removed:
        if (part.match) continue;
        break;
      case SplitBehaviour::isolated:
        break;
      case SplitBehaviour::merged_with_previous:
        joins = i > 0 && part.match && !after_match;
        break;
      case SplitBehaviour::merged_with_next:
        joins = !part.match && after_match;
        break;
      case SplitBehaviour::contiguous:
        joins = i > 0 && part.match == after_match;
        break;
    }
    if (joins)
      next_.back().end = part.span.end;
    else
      next_.push_back(part.span);
  }
}

}  // namespace mill::tok
