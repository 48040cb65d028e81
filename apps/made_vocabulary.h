#pragma once
// The vocabulary of made models.

#include <cstdint>

#include "data/gguf_writer.h"

namespace mill::apps {

// Byte-level BPE of `size` tokens, as Llama 3's is laid out: the 256 bytes, then merges, then 256
// special tokens. The merges grow words letter by letter, breadth first,
//   "Ġ"+"a", … "z"+"z", then "Ġa"+"a", "Ġa"+"b", …
// so that every word of two letters is a token, and of the longer ones as many as there is room.
// `size` must be above 512.
void set_made_vocabulary(uint32_t size, GgufWriter&);

}  // namespace mill::apps
