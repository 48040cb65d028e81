#include "data/tokenizer/impl.h"

#include <algorithm>

namespace mill::tok {
namespace {

// Control tokens that mean "it is the other side's turn", by the names that model families gave
// them. Only where the model marks them as control tokens: </s> is HTML's strike-out in Gemma.
constexpr std::array<std::string_view, 22> kEndNames = {
    "</s>",
    "<eos>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|eot|>",
    "<|eom|>",
    "<end_of_turn>",
    "<turn|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|end_of_turn|>",
    "<|EOT|>",
    "<EOT>",
    "_<EOT>",
    "< EOT >",
    "<end_of_utterance>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
};

void find_ends(Tokenizer::Impl& impl) {
  add_end(impl, impl.eos);
  for (const std::string_view name : kEndNames) {
    TokenId id = impl.raw_added.find(name);
    if (id < 0) id = impl.normalized_added.find(name);
    if (impl.vocab.special(id)) add_end(impl, id);
  }
}

void find_cuts(Tokenizer::Impl& impl) {
  if (impl.pre.byte_level || impl.vocab.find(kMetaspace) < 0) return;
  impl.cut_at_metaspace = true;
  for (size_t id = 0; id < impl.vocab.size(); ++id) {
    const std::string_view text = impl.vocab.text(static_cast<TokenId>(id));
    for (size_t at = text.find(kMetaspace, 1); at != std::string_view::npos;
         at = text.find(kMetaspace, at + 1))
      impl.before_metaspace[static_cast<uint8_t>(text[at - 1])] = true;
  }
}

// The tokens of single bytes: the bytes themselves where words are bytes, else their <0xXX>.
void find_byte_tokens(Tokenizer::Impl& impl) {
  impl.bpe.byte_tokens.fill(-1);
  if (impl.bpe.options.byte_level) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const char text = static_cast<char>(byte);
      impl.bpe.byte_tokens[byte] = impl.vocab.find({&text, 1});
    }
    return;
  }
  for (size_t id = 0; id < impl.vocab.size(); ++id) {
    const int byte = byte_of_token(impl.vocab.text(static_cast<TokenId>(id)));
    if (byte >= 0) impl.bpe.byte_tokens[static_cast<size_t>(byte)] = static_cast<TokenId>(id);
  }
}

}  // namespace

void add_token(Tokenizer::Impl& impl, AddedToken token) {
  if (token.special) impl.vocab.mark_special(token.id);
  if (token.normalized) {
    apply(impl.edits, true, token.content);
    impl.normalized_added.add(std::move(token));
  } else {
    impl.raw_added.add(std::move(token));
  }
}

void add_end(Tokenizer::Impl& impl, TokenId id) {
  const auto place = std::lower_bound(impl.ends.begin(), impl.ends.end(), id);
  if (id >= 0 && (place == impl.ends.end() || *place != id)) impl.ends.insert(place, id);
}

void finish(Tokenizer::Impl& impl) {
  find_byte_tokens(impl);
  find_cuts(impl);
  find_ends(impl);
}

}  // namespace mill::tok
