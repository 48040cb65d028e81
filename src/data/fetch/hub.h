#pragma once
// Models from a hub that speaks the Hugging Face protocol:
//   GET /api/models/ORG/REPO/revision/main   → {"sha": commit, "siblings": [{"rfilename": …}, …]}
//   GET /ORG/REPO/resolve/COMMIT/FILE        → the bytes, mostly by way of a redirect; the first
//                                              answer's X-Linked-Etag is the file's SHA-256
// $HF_ENDPOINT names another hub (a mirror, a test's stand-in), $HF_TOKEN opens private models.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mill::fetch {

struct HubName {
  std::string org, repo, file;  // file may be in a folder, or empty: the model of the repository
};
Result<HubName> parse_hub_name(std::string_view name);  // "ORG/REPO[/FILE]"

struct HubListing {
  std::string commit;              // "main" where the hub does not say
  std::vector<std::string> files;  // as the hub names them; not to be trusted
};
Result<HubListing> parse_listing(std::string_view json);

// Which files of a repository make up its model: a Hugging Face folder if there is one, else its
// only .gguf. With several .gguf files the error lists them.
Result<std::vector<std::string>> choose_files(const std::vector<std::string>& files);

// Fetches into folder/ORG/REPO; the value is the .gguf, or the folder of a model of several files.
Result<std::filesystem::path> fetch_from_hub(const std::string& name,
                                             const std::filesystem::path& folder);

}  // namespace mill::fetch
