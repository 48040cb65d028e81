// Any bytes as a tokenizer.json: an Error or a tokenizer that encodes and decodes.

#include "data/tokenizer/encoder.h"
#include "data/tokenizer/load.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = mill::tok::parse_tokenizer_json(text);
  if (!loaded) return 0;
  mill::tok::Encoder encoder(**loaded, 64, true);
  encoder.encode(
      "Hello world, 12 é 字 😀 <s> \n\n  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  std::string out;
  for (const mill::TokenId id : encoder.out)
    (*loaded)->decoder.append((*loaded)->vocab.text(id), out);
  return 0;
}
