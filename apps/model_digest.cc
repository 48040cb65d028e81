#include "apps/model_digest.h"

#include <openssl/sha.h>

#include <algorithm>
#include <vector>

#include "data/fetch/digest.h"
#include "service/tenants/keys.h"

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
  return tenants::sha256_of_text(list);
}

}  // namespace mill::apps
