#include "apps/made_vocabulary.h"

#include <doctest/doctest.h>

#include "data/gguf.h"
#include "data/tokenizer/tokenizer.h"

namespace mill::apps {
namespace {

TEST_CASE("a made vocabulary has its size, merges words and keeps every byte") {
  GgufWriter writer;
  set_made_vocabulary(4096, writer);
  const std::vector<std::byte> bytes = writer.to_bytes();
  Result<Gguf> gguf = parse_gguf(bytes);
  REQUIRE(gguf.has_value());
  ModelFile file;
  file.metadata = std::move(gguf->metadata);
  const Result<Tokenizer> tokenizer = Tokenizer::open(file);
  REQUIRE(tokenizer.has_value());
  CHECK(tokenizer->vocab_size() == 4096);
  CHECK(tokenizer->bos() == 4096 - 256);
  CHECK(tokenizer->ends_generation(tokenizer->eos()));
  CHECK(tokenizer->encode("go by me", {.add_special = false}).size() == 3);
  std::string text = "The mill, é ";
  for (int byte = 1; byte < 128; ++byte) text += static_cast<char>(byte);
  CHECK(tokenizer->decode(tokenizer->encode(text)) == text);
}

}  // namespace
}  // namespace mill::apps
