#include "apps/made_vocabulary.h"

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"

namespace mill::apps {
namespace {

constexpr uint32_t kBytes = 256, kSpecials = 256;
constexpr uint64_t kNormal = 1, kControl = 3;  // llama.h, `llama_token_type`

std::string utf8(uint32_t code_point) {  // below U+0800
  if (code_point < 0x80) return std::string(1, static_cast<char>(code_point));
  return {static_cast<char>(0xC0 | (code_point >> 6)), static_cast<char>(0x80 | (code_point & 63))};
}

// GPT-2's letters for bytes (data/tokenizer/byte_alphabet.h): those that print, then the others.
std::vector<std::string> byte_letters() {
  std::vector<std::string> letters;
  for (uint32_t byte = 0; byte < kBytes; ++byte) {
    const bool prints = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
    if (prints) letters.push_back(utf8(byte));
  }
  for (uint32_t next = 0x100; letters.size() < kBytes; ++next) letters.push_back(utf8(next));
  return letters;
}

struct Words {
  std::vector<std::string> grown, merges;  // the merge that makes each word
};

Words grow_words(size_t count) {
  std::vector<std::string> stems = {utf8(0x120)};  // the letter of a space
  for (char c = 'a'; c <= 'z'; ++c) stems.emplace_back(1, c);
  const size_t letters = stems.size();
  Words words;
  for (size_t i = 0; words.grown.size() < count; ++i) {
    const std::string stem = i < letters ? stems[i] : words.grown[i - letters];
    for (char c = 'a'; c <= 'z' && words.grown.size() < count; ++c) {
      words.grown.push_back(stem + c);
      words.merges.push_back(stem + " " + c);
    }
  }
  return words;
}

std::vector<std::string_view> views(const std::vector<std::string>& all) {
  return {all.begin(), all.end()};
}

}  // namespace

void set_made_vocabulary(uint32_t size, GgufWriter& writer) {
  ASSERT(size > kBytes + kSpecials, size);
  std::vector<std::string> tokens = byte_letters();
  const Words words = grow_words(size - kBytes - kSpecials);
  tokens.insert(tokens.end(), words.grown.begin(), words.grown.end());
  const uint64_t bos = tokens.size();
  std::vector<int64_t> types(bos, kNormal);
  types.resize(size, kControl);
  tokens.insert(tokens.end(), {"<|begin_of_text|>", "<|end_of_text|>"});
  for (uint32_t i = 0; tokens.size() < size; ++i)
    tokens.push_back(fmt::format("<|reserved_special_token_{}|>", i));
  writer.set("tokenizer.ggml.model", std::string_view("gpt2"));
  writer.set("tokenizer.ggml.pre", std::string_view("llama-bpe"));
  writer.set("tokenizer.ggml.tokens", views(tokens));
  writer.set("tokenizer.ggml.token_type", types);
  writer.set("tokenizer.ggml.merges", views(words.merges));
  writer.set("tokenizer.ggml.bos_token_id", bos);
  writer.set("tokenizer.ggml.eos_token_id", bos + 1);
  writer.set("tokenizer.ggml.add_bos_token", true);
}

}  // namespace mill::apps
