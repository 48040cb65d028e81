#pragma once
// The name of a model's content, for the ledger: SHA-256 of a file, or of a folder's list of files
// as sha256sum prints it ("<64 hex digits>  <name>\n" each, sorted by name).

#include <filesystem>
#include <string>

#include "base/error.h"

namespace mill::apps {

// Of a folder, those that decide what it answers: weights, configuration, tokenizer, template.
Result<std::string> model_digest(const std::filesystem::path&);

}  // namespace mill::apps
