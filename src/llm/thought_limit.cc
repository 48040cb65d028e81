#include "llm/thought_limit.h"

#include <algorithm>
#include <utility>

namespace mill::llm {
namespace {

std::string_view without_space(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \n\r\t"), text.size()));
}

bool ends_sentence(std::string_view text) {
  return !text.empty() && std::string_view(".!?\n").contains(text.back());
}

}  // namespace

ThoughtClock::ThoughtClock(ThoughtLimit limit)
    : limit_(std::move(limit)),
      phase_(limit_.closing.empty() ? Phase::over
             : limit_.open.empty()  ? Phase::thinking
                                    : Phase::before) {}

std::optional<TokenId> ThoughtClock::due() {
  if (phase_ == Phase::thinking && tokens_ >= limit_.tokens_max) {
    const bool patient = tokens_ < limit_.tokens_max + limit_.grace && !ends_sentence(text_);
    if (!patient) phase_ = Phase::closing;
  }
  if (phase_ != Phase::closing) return std::nullopt;
  const TokenId token = limit_.closing[closed_++];
  if (closed_ == limit_.closing.size()) phase_ = Phase::over;
  return token;
}

void ThoughtClock::took(std::string_view piece) {
  if (phase_ == Phase::closing || phase_ == Phase::over) return;
  text_ += piece;
  if (phase_ == Phase::before) {
    const std::string_view begun = without_space(text_);
    if (begun.starts_with(limit_.open)) {
      phase_ = Phase::thinking;
    } else if (!limit_.open.starts_with(begun)) {
      phase_ = Phase::over;  // it does not think
    }
    return;
  }
  ++tokens_;
  if (text_.contains(limit_.close)) phase_ = Phase::over;
  if (text_.size() > limit_.close.size()) text_.erase(0, text_.size() - limit_.close.size());
}

}  // namespace mill::llm
