#include "data/tokenizer/encoder.h"

namespace mill::tok {

Encoder::Encoder(const Tokenizer::Impl& impl, size_t text_bytes, bool parse_special)
    : impl_(impl), parse_special_(parse_special), splitter_(impl.pre.splits), cache_(text_bytes) {
  out.reserve(text_bytes / 4 + impl.prefix.size() + impl.suffix.size());
}

void Encoder::encode(std::string_view text) {
  cut_out(impl_.raw_added, text,
          [&](std::string_view segment, bool at_start) { encode_raw(segment, at_start); });
}

// The added tokens go out as they are, what lies between them goes on.
template <class OnText>
void Encoder::cut_out(const AddedTokens& added, std::string_view text, OnText on_text) {
  size_t done = 0;
  while (const auto match = added.next(text, done, parse_special_)) {
    if (match->begin > done) on_text(text.substr(done, match->begin - done), done == 0);
    out.push_back(match->id);
    done = match->end;
  }
  if (done < text.size()) on_text(text.substr(done), done == 0);
}

void Encoder::encode_raw(std::string_view segment, bool at_start) {
  if (impl_.edits.empty() && impl_.normalized_added.empty())
    return encode_normalized(segment, at_start);
  std::string text(segment);
  apply(impl_.edits, at_start, text);
  cut_out(impl_.normalized_added, text,
          [&](std::string_view part, bool first) { encode_normalized(part, at_start && first); });
}

void Encoder::encode_normalized(std::string_view segment, bool at_start) {
  std::string edited;
  if (!impl_.pre.edits.empty()) {
    edited = segment;
    apply(impl_.pre.edits, at_start, edited);
    segment = edited;
  }
  for (const Span word : splitter_.words(segment))
    encode_word(segment.substr(word.begin, word.end - word.begin));
}

void Encoder::encode_word(std::string_view word) {
  if (!impl_.cut_at_metaspace) return merge(word);
  size_t done = 0;
  for (size_t at = word.find(kMetaspace, 1); at != std::string_view::npos;
       at = word.find(kMetaspace, at + kMetaspace.size())) {
    if (impl_.before_metaspace[static_cast<uint8_t>(word[at - 1])]) continue;
    merge(word.substr(done, at - done));
    done = at;
  }
  merge(word.substr(done));
}

void Encoder::merge(std::string_view word) {
  if (cache_.repeat(word, out)) return;
  const size_t before = out.size();
  impl_.bpe.encode(impl_.vocab, word, scratch_, out);
  cache_.remember(before, out);
}

}  // namespace mill::tok
