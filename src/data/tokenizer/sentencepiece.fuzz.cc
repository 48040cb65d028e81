// Any bytes as a tokenizer.model: an Error or a tokenizer that encodes and decodes.

#include "data/tokenizer/encoder.h"
#include "data/tokenizer/load.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto loaded = mill::tok::parse_sentencepiece(std::as_bytes(std::span(data, size)));
  if (!loaded) return 0;
  mill::tok::Encoder encoder(**loaded, 64, true);
  encoder.encode(
      "▁hello world, 12 é 字 😀 <s> \n\n  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  std::string out;
  for (const mill::TokenId id : encoder.out)
    (*loaded)->decoder.append((*loaded)->vocab.text(id), out);
  return 0;
}
