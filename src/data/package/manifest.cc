#include "data/package/manifest.h"

#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <set>

#include "base/printable.h"

namespace mill::package {
namespace {

using Words = std::initializer_list<std::string_view>;

constexpr std::string_view kFormat = "tokenmill.package/1";
constexpr size_t kBytesMax = size_t{1} << 20, kFilesMax = 4096, kProfilesMax = 64;
constexpr uint64_t kContextMax = 1U << 24, kThreadsMax = 1024;
constexpr uint64_t kMemoryMax = uint64_t{1} << 50;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-' || c == '+';
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), is_name_char);
}

std::string sorted_list(Words words) { return fmt::format("{}", fmt::join(words, ", ")); }

// A mapping whose fields are read by name. The first thing that is wrong is kept.
class Reader {
 public:
  Reader(YAML::Node node, std::string place) : node_(std::move(node)), place_(std::move(place)) {}

  const std::optional<Error>& error() const { return error_; }
  bool has(const char* name) const { return node_[name].IsDefined(); }
  YAML::Node operator[](const char* name) const { return node_[name]; }

  void only(Words known) {
    if (!node_.IsMap()) return wrong(node_, "", "must be a list of fields");
    std::set<std::string> seen;
    for (const auto& field : node_) {
      const std::string key = field.first.IsScalar() ? field.first.Scalar() : "?";
      if (std::find(known.begin(), known.end(), key) == known.end())
        wrong(field.first, printable(key), "is unknown; there are " + sorted_list(known));
      if (!seen.insert(key).second) wrong(field.first, printable(key), "is there twice");
    }
  }

  std::string text(const char* name, size_t bytes_max = 1024) {
    const YAML::Node value = needed(name);
    if (error_) return {};
    if (value.IsScalar() && !value.Scalar().empty() && value.Scalar().size() <= bytes_max)
      return value.Scalar();
    wrong(value, name, fmt::format("must be a text of 1 to {} bytes", bytes_max));
    return {};
  }

  std::string name(const char* field) {
    std::string value = text(field);
    if (!error_ && !is_name(value))
      wrong(node_[field], field, "must be 1 to 64 letters, digits, '.', '_', '-' and '+'");
    return value;
  }

  std::string path(const char* field) {
    std::string value = text(field);
    if (!error_ && !is_safe_path(value))
      wrong(
          node_[field], field,
          fmt::format("'{}' must lie below the package and have plain letters", printable(value)));
    return value;
  }

  std::string one_of(const char* field, Words words) {
    std::string value = text(field);
    if (!error_ && std::find(words.begin(), words.end(), value) == words.end())
      wrong(node_[field], field,
            fmt::format("is '{}'; it must be one of {}", printable(value), sorted_list(words)));
    return value;
  }

  uint64_t number(const char* field, uint64_t low, uint64_t high) {
    const std::string value = text(field);
    if (error_) return 0;
    uint64_t out = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, out);
    if (parsed.ec != std::errc() || parsed.ptr != end || out < low || out > high)
      wrong(node_[field], field,
            fmt::format("is '{}'; it must be a whole number from {} to {}", printable(value), low,
                        high));
    return out;
  }

  void wrong(const YAML::Node& at, std::string_view field, const std::string& what) {
    if (error_) return;
    const std::string dot = place_.empty() || field.empty() ? "" : ".";
    const std::string line = at ? fmt::format("line {}: ", at.Mark().line + 1) : "";
    error_ =
        Error{ErrorKind::invalid, fmt::format("{}'{}{}{}' {}", line, place_, dot, field, what)};
  }

  // The items of a list.
  std::vector<YAML::Node> items(const char* field, size_t most) {
    const YAML::Node list = needed(field);
    if (error_) return {};
    if (!list.IsSequence() || list.size() == 0 || list.size() > most) {
      wrong(list, field, fmt::format("must be a list of 1 to {} entries", most));
      return {};
    }
    return {list.begin(), list.end()};
  }

 private:
  YAML::Node needed(const char* name) {
    if (error_) return {};
    const YAML::Node value = node_[name];
    if (!value.IsDefined()) wrong(node_, name, "is missing");
    return value;
  }

  YAML::Node node_;
  std::string place_;
  std::optional<Error> error_ = {};
};

Result<PackageFile> read_file(const YAML::Node& node, size_t index) {
  Reader reader(node, fmt::format("files[{}]", index));
  reader.only({"path", "bytes", "sha256"});
  PackageFile file;
  if (!reader.error()) file.path = reader.path("path");
  if (!reader.error()) file.bytes = reader.number("bytes", 0, kMemoryMax);
  if (!reader.error()) file.sha256 = reader.text("sha256");
  const bool hex =
      file.sha256.size() == 64 && std::all_of(file.sha256.begin(), file.sha256.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      });
  if (!reader.error() && !hex)
    reader.wrong(reader["sha256"], "sha256", "must be 64 lower-case hexadecimal digits");
  if (reader.error()) return std::unexpected(*reader.error());
  return file;
}

Result<void> read_memory(const YAML::Node& node, const std::string& place, Profile& profile) {
  Reader reader(node, place + ".memory");
  reader.only({"fixed", "per_token"});
  if (!reader.error()) profile.memory_fixed = reader.number("fixed", 1, kMemoryMax);
  if (!reader.error()) profile.memory_per_token = reader.number("per_token", 1, kMemoryMax >> 24);
  if (reader.error()) return std::unexpected(*reader.error());
  return {};
}

Result<Profile> read_profile(const YAML::Node& node, size_t index, Stage stage) {
  const std::string place = fmt::format("profiles[{}]", index);
  Reader reader(node, place);
  reader.only({"name", "model", "isa", "threads", "context", "kv_format", "memory"});
  if (reader.error()) return std::unexpected(*reader.error());
  Profile profile;
  profile.name = reader.name("name");
  profile.model = reader.text("model");
  if (!reader.error() && profile.model != "." && !is_safe_path(profile.model))
    reader.wrong(reader["model"], "model", "must be a file of the package, or '.'");
  profile.isa = reader.one_of("isa", {"scalar", "avx2", "avx512", "amx"});
  profile.threads = static_cast<uint32_t>(reader.number("threads", 0, kThreadsMax));
  profile.context = static_cast<uint32_t>(reader.number("context", 1024, kContextMax));
  profile.kv_format = reader.one_of("kv_format", {"f16", "bf16", "q8", "f32"});
  const bool memory = !reader.error() && reader.has("memory");
  if (!memory && stage == Stage::whole)
    reader.wrong(node, "memory", "is missing; `tokenmill package build` computes it");
  if (reader.error()) return std::unexpected(*reader.error());
  if (memory) TRY(read_memory(reader["memory"], place, profile));
  return profile;
}

Result<void> check_names(const Manifest& manifest, Stage stage) {
  std::set<std::string> paths, names;
  for (const PackageFile& file : manifest.files) {
    if (file.path.starts_with("manifest.yaml") || !paths.insert(file.path).second)
      return fail(ErrorKind::invalid, "'files' has {} twice, or as a file of its own", file.path);
  }
  for (const Profile& profile : manifest.profiles) {
    if (!names.insert(profile.name).second)
      return fail(ErrorKind::invalid, "'profiles' has two of the name {}", profile.name);
    if (stage == Stage::whole && profile.model != "." && !paths.contains(profile.model))
      return fail(ErrorKind::invalid, "'profiles': {} runs {}, which is none of the files",
                  profile.name, profile.model);
  }
  return {};
}

Result<Manifest> read(const YAML::Node& root, Stage stage) {
  Reader reader(root, "");
  reader.only({"format", "name", "version", "license", "files", "profiles"});
  if (reader.error()) return std::unexpected(*reader.error());
  Manifest manifest;
  reader.one_of("format", {kFormat});
  manifest.name = reader.name("name");
  manifest.version = reader.name("version");
  if (!reader.error() && reader.has("license")) manifest.license = reader.name("license");
  if (stage == Stage::draft && !reader.error() && reader.has("files"))
    reader.wrong(reader["files"], "files", "is written by `tokenmill package build`; leave it out");
  const auto files =
      stage == Stage::draft ? std::vector<YAML::Node>() : reader.items("files", kFilesMax);
  const auto profiles = reader.items("profiles", kProfilesMax);
  if (reader.error()) return std::unexpected(*reader.error());
  for (const YAML::Node& node : files) {
    TRY_ASSIGN(PackageFile file, read_file(node, manifest.files.size()));
    manifest.files.push_back(std::move(file));
  }
  for (const YAML::Node& node : profiles) {
    TRY_ASSIGN(Profile profile, read_profile(node, manifest.profiles.size(), stage));
    manifest.profiles.push_back(std::move(profile));
  }
  TRY(check_names(manifest, stage));
  return manifest;
}

}  // namespace

bool is_safe_path(std::string_view path) {
  if (path.size() > 99) return false;  // what a tar's header holds
  while (true) {
    const size_t slash = path.find('/');
    if (!is_name(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

Result<Manifest> parse_manifest(std::string_view text, Stage stage) {
  if (text.size() > kBytesMax)
    return fail(ErrorKind::invalid, "{} bytes; at most {} are read", text.size(), kBytesMax);
  try {
    return read(YAML::Load(std::string(text)), stage);
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::invalid, "line {}: {}", error.mark.line + 1, printable(error.msg, 200));
  }
}

// In quotes, names are texts for every reader; of their letters none needs an escape.
std::string manifest_text(const Manifest& manifest) {
  std::string out = fmt::format("format: {}\nname: \"{}\"\nversion: \"{}\"\n", kFormat,
                                manifest.name, manifest.version);
  if (!manifest.license.empty()) out += fmt::format("license: \"{}\"\n", manifest.license);
  out += "files:\n";
  for (const PackageFile& file : manifest.files)
    out += fmt::format("  - path: \"{}\"\n    bytes: {}\n    sha256: \"{}\"\n", file.path,
                       file.bytes, file.sha256);
  out += "profiles:\n";
  for (const Profile& p : manifest.profiles)
    out += fmt::format(
        "  - name: \"{}\"\n    model: \"{}\"\n    isa: {}\n    threads: {}\n    context: {}\n"
        "    kv_format: {}\n    memory:\n      fixed: {}\n      per_token: {}\n",
        p.name, p.model, p.isa, p.threads, p.context, p.kv_format, p.memory_fixed,
        p.memory_per_token);
  return out;
}

}  // namespace mill::package
