#include "data/fetch/hub.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "data/fetch/download.h"
#include "data/fetch/http.h"

namespace mill::fetch {
namespace fs = std::filesystem;
namespace {

constexpr const char* kPublicHub = "https://huggingface.co";
constexpr size_t kListingBytesMax = size_t{16} << 20;

// What a model folder is read for, besides its *.safetensors.
constexpr std::array kFolderFiles = {"config.json",           "generation_config.json",
                                     "tokenizer.json",        "tokenizer.model",
                                     "tokenizer_config.json", "special_tokens_map.json",
                                     "chat_template.jinja",   "chat_template.json",
                                     "added_tokens.json",     "model.safetensors.index.json"};

std::string endpoint() {
  const char* given = std::getenv("HF_ENDPOINT");
  std::string text = given != nullptr && *given != 0 ? given : kPublicHub;
  while (text.ends_with('/')) text.pop_back();
  return text;
}

std::vector<std::string> authorization() {
  const char* token = std::getenv("HF_TOKEN");
  if (token == nullptr || *token == 0) return {};
  return {fmt::format("Authorization: Bearer {}", token)};
}

// Names come from a user or from a server, and become paths here and in URLs.
bool is_plain_name(std::string_view name) {
  return !name.empty() && !name.starts_with('.') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' ||
                  c == '-' || c == '+';
         });
}

bool is_plain_path(std::string_view path) {
  while (true) {
    const size_t slash = path.find('/');
    if (!is_plain_name(path.substr(0, slash))) return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

Result<HubListing> list_files(const HubName& name) {
  const std::string url =
      fmt::format("{}/api/models/{}/{}/revision/main", endpoint(), name.org, name.repo);
  TRY_ASSIGN(const HttpText text,
             http_get_text({.url = url, .headers = authorization()}, kListingBytesMax));
  const long status = text.reply.status;
  if (!text.reply.trouble.empty())
    return fail(ErrorKind::io, "{} cannot be reached: {}", url, text.reply.trouble);
  if (status == 404 || status == 401)
    return fail(ErrorKind::not_found,
                "the hub has no model {}/{} ({}); a private or gated one needs HF_TOKEN set",
                name.org, name.repo, status);
  if (status != 200) return fail(ErrorKind::io, "{}: the hub answered {}", url, status);
  auto listing = parse_listing(text.body);
  if (!listing) return within(url, listing.error());
  return listing;
}

bool belongs_to_folder(const std::string& file) {
  return (file.ends_with(".safetensors") && file.find('/') == file.npos) ||
         std::find(kFolderFiles.begin(), kFolderFiles.end(), file) != kFolderFiles.end();
}

}  // namespace

Result<HubName> parse_hub_name(std::string_view name) {
  const size_t first = name.find('/');
  const size_t second = first == name.npos ? name.npos : name.find('/', first + 1);
  if (first == name.npos || !is_plain_path(name))
    return fail(ErrorKind::invalid, "'{}' names no model of a hub; write hf:ORG/REPO[/FILE]", name);
  HubName parsed{.org = std::string(name.substr(0, first)),
                 .repo = std::string(name.substr(first + 1, second - first - 1)),
                 .file = ""};
  if (second != name.npos) parsed.file = name.substr(second + 1);
  return parsed;
}

Result<HubListing> parse_listing(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  HubListing listing;
  if (json.is_object() && json.contains("siblings") && json["siblings"].is_array()) {
    for (const auto& row : json["siblings"]) {
      if (!row.is_object() || !row.contains("rfilename") || !row["rfilename"].is_string()) continue;
      listing.files.push_back(row["rfilename"]);
    }
    if (json.contains("sha") && json["sha"].is_string()) listing.commit = json["sha"];
  }
  if (listing.commit.empty()) listing.commit = "main";
  if (listing.files.empty() || !is_plain_name(listing.commit))
    return fail(ErrorKind::invalid, "the answer is no list of files");
  return listing;
}

Result<std::vector<std::string>> choose_files(const std::vector<std::string>& files) {
  std::vector<std::string> folder, ggufs;
  for (const std::string& file : files) {
    if (!is_plain_path(file)) continue;
    if (belongs_to_folder(file)) folder.push_back(file);
    if (file.ends_with(".gguf")) ggufs.push_back(file);
  }
  const auto has_weights = [](const std::string& file) { return file.ends_with(".safetensors"); };
  if (std::any_of(folder.begin(), folder.end(), has_weights)) return folder;
  if (ggufs.size() == 1) return ggufs;
  if (ggufs.empty())
    return fail(ErrorKind::unsupported, "the repository has neither .safetensors nor .gguf files");
  return fail(ErrorKind::invalid, "the repository has several models; add one of: {}",
              fmt::join(ggufs, ", "));
}

Result<fs::path> fetch_from_hub(const std::string& text, const fs::path& folder) {
  TRY_ASSIGN(const HubName name, parse_hub_name(text));
  HubListing listing{.commit = "main", .files = {name.file}};
  if (name.file.empty()) {
    TRY_ASSIGN(listing, list_files(name));
    TRY_ASSIGN(listing.files, choose_files(listing.files));
  }
  const fs::path home = folder / name.org / name.repo;
  for (const std::string& file : listing.files) {
    const fs::path target = home / file;
    std::error_code error;
    if (fs::exists(target, error)) continue;
    fs::create_directories(target.parent_path(), error);
    if (error) return fail(ErrorKind::io, "{}: {}", home.string(), error.message());
    TRY(download(fmt::format("{}/{}/{}/resolve/{}/{}", endpoint(), name.org, name.repo,
                             listing.commit, file),
                 target, {.headers = authorization(), .digest = ""}));
  }
  return listing.files.size() == 1 ? home / listing.files.front() : home;
}

}  // namespace mill::fetch
