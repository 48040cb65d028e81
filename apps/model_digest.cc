#include "apps/model_digest.h"

#include <algorithm>
#include <vector>

#include "data/fetch/digest.h"

namespace mill::apps {
namespace {

namespace fs = std::filesystem;

bool decides(const fs::path& name) {
  return name.extension() == ".safetensors" || name.extension() == ".json" ||
         name.extension() == ".jinja" || name.extension() == ".model";
}

Result<std::vector<fs::path>> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && decides(entry.path().filename())) files.push_back(entry.path());
  }
  if (error) return fail(ErrorKind::io, "{}: {}", folder.string(), error.message());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<std::string> model_digest(const fs::path& path) {
  if (!fs::is_directory(path)) return fetch::sha256_of(path);
  TRY_ASSIGN(const std::vector<fs::path> files, files_of(path));
  std::string list;
  for (const fs::path& file : files) {
    TRY_ASSIGN(const std::string digest, fetch::sha256_of(file));
    list += fmt::format("{}  {}\n", digest, file.filename().string());
  }
  return fetch::sha256_of_text(list);
}

std::string vocabulary_digest(const Tokenizer& tokenizer) {
  std::string list;
  for (size_t i = 0; i < tokenizer.vocab_size(); ++i) {
    const auto token = static_cast<TokenId>(i);
    const std::string piece = tokenizer.piece(token, false);
    for (int shift = 0; shift < 32; shift += 8)
      list += static_cast<char>(piece.size() >> shift & 0xFF);
    list += piece;
    list += static_cast<char>((tokenizer.is_special(token) ? 1 : 0) +
                              (tokenizer.ends_generation(token) ? 2 : 0));
  }
  return fetch::sha256_of_text(list);
}

}  // namespace mill::apps
