#pragma once
// The tokenizer of a Hugging Face folder as GGUF metadata (tokenizer.ggml.*): byte-level BPE with a
// pre-tokenizer that GGUF has a name for. Others are Error{unsupported}.

#include <filesystem>

#include "base/error.h"
#include "data/gguf_writer.h"

namespace mill {

// `vocab` is the number of rows of the embedding; ids that no token has are filled up.
Result<void> put_vocabulary(const std::filesystem::path& folder, uint64_t vocab, GgufWriter&);

}  // namespace mill
