#pragma once
// Conversations as a model is taught them: the tokens of its chat template, of which what the
// assistant says is asked for, and the rest only read.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/template/chat_template.h"
#include "data/tokenizer/tokenizer.h"

namespace mill::learn {

struct Document {
  std::vector<TokenId> tokens;
  std::vector<TokenId> labels;  // the token to be said after each, −1 = not asked for
};

struct ChatFormat {
  const Tokenizer& tokenizer;
  const ChatTemplate& chat_template;
};

// One conversation of OpenAI's fine-tuning format: {"messages": [{"role": …, "content": …}, …]};
// "tools" is handed to the template; a message with "weight": 0 is read, not taught. Asked for is
// what an assistant's message adds to the rendered text, from behind the generation prompt to where
// the turn ends.
Result<Document> teach_conversation(const nlohmann::ordered_json&, const ChatFormat&);

// A JSONL file of them. A line that cannot be used is an error that lists the numbers of such
// lines, with the reasons of the first few: nothing is taught silently on less. Documents longer
// than `tokens_max` are cut there, and counted.
struct ChatFile {
  std::vector<Document> documents;
  size_t cut = 0;     // documents that were longer
  size_t tokens = 0;  // of all documents
  size_t labels = 0;  // of these, asked for
};
Result<ChatFile> read_chat_file(const std::filesystem::path&, const ChatFormat&, size_t tokens_max);

// Which documents share a batch of at most `tokens` rows: in an order drawn from the seed, each
// with those after it as long as they fit. (batches) of indices.
std::vector<std::vector<size_t>> pack(std::span<const Document>, size_t tokens, uint64_t seed);

}  // namespace mill::learn
