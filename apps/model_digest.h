#pragma once
// The name of a model's content, for ledger and receipts: SHA-256 of a file, or of a folder's list
// of files as sha256sum prints it ("<64 hex digits>  <name>\n" each, sorted by name).

#include <filesystem>
#include <string>

#include "base/error.h"
#include "data/tokenizer/tokenizer.h"

namespace mill::apps {

// Of a folder, those that decide what it answers: weights, configuration, tokenizer, template.
Result<std::string> model_digest(const std::filesystem::path&);

// Of what the tokens' ids mean (docs/formats/receipt.md).
std::string vocabulary_digest(const Tokenizer&);

}  // namespace mill::apps
