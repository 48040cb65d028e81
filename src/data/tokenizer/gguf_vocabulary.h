#pragma once
// The tokenizer of a Hugging Face folder as GGUF metadata (tokenizer.ggml.*):
//   "gpt2"   byte-level BPE whose pre-tokenizer GGUF has a name for
//   "llama"  SentencePiece's BPE (tokenizer.json with byte_fallback: Llama 2, Mistral, Gemma)
// Others are Error{unsupported}.

#include "base/error.h"
#include "data/gguf_writer.h"
#include "data/model_file.h"

namespace mill {

// `vocab` is the number of rows of the embedding; ids that no token has are filled up.
Result<void> put_vocabulary(const ModelFile& folder, uint64_t vocab, GgufWriter&);

}  // namespace mill
