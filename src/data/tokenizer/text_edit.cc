#include "data/tokenizer/text_edit.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>

namespace mill::tok {
namespace {

int flags_of(UnicodeForm form) {
  switch (form) {
    case UnicodeForm::nfc:
      return UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    case UnicodeForm::nfd:
      return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
    case UnicodeForm::nfkc:
      return UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    case UnicodeForm::nfkd:
      return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
  }
  return 0;
}

// Below U+0300 (lead bytes under 0xCC) every character is its own NFC, whatever follows it there.
bool is_plainly_nfc(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char byte) { return static_cast<unsigned char>(byte) < 0xCC; });
}

struct Editor {
  bool at_start;
  std::string& text;

  void operator()(UnicodeForm form) const {
    if (form == UnicodeForm::nfc && is_plainly_nfc(text)) return;
    utf8proc_uint8_t* mapped = nullptr;
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                   static_cast<utf8proc_option_t>(flags_of(form)));
    if (size >= 0) text.assign(reinterpret_cast<const char*>(mapped), static_cast<size_t>(size));
    std::free(mapped);  // NOLINT: utf8proc allocates with malloc
  }

  void operator()(const Prepend& edit) const {
    if (text.empty() || (edit.only_at_start && !at_start)) return;
    if (edit.unless_there && text.starts_with(edit.text)) return;
    text.insert(0, edit.text);
  }

  void operator()(const Replace& edit) const {
    std::string out;
    size_t from = 0;
    std::optional<Regex::Matcher> matcher;
    if (edit.regex) matcher.emplace(*edit.regex);
    const auto next = [&] {
      return matcher ? matcher->find(text, from) : find_literal(edit.pattern, from);
    };
    for (auto match = next(); match; match = next()) {
      if (match->end == match->begin) break;  // an empty match would never end
      out.append(text, from, match->begin - from).append(edit.content);
      from = match->end;
    }
    if (from == 0) return;
    out.append(text, from);
    text = std::move(out);
  }

  void operator()(const Strip& edit) const {
    constexpr std::string_view kBlank = " \t\n\v\f\r";
    if (edit.right) text.erase(text.find_last_not_of(kBlank) + 1);
    if (edit.left) text.erase(0, std::min(text.find_first_not_of(kBlank), text.size()));
  }

  std::optional<Span> find_literal(const std::string& pattern, size_t from) const {
    const size_t at = text.find(pattern, from);
    if (at == std::string::npos) return std::nullopt;
    return Span{at, at + pattern.size()};
  }
};

}  // namespace

void apply(std::span<const TextEdit> edits, bool at_start, std::string& text) {
  for (const TextEdit& edit : edits) std::visit(Editor{at_start, text}, edit);
}

}  // namespace mill::tok
