#include "data/image/layout.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/new_file.h"
#include "base/new_folder.h"
#include "base/printable.h"
#include "data/archive/tar.h"
#include "data/fetch/digest.h"

namespace mill::image {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;  // its fields are sorted by name

constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr const char* kLayerType = "application/vnd.oci.image.layer.v1.tar";
constexpr const char* kCreated = "1970-01-01T00:00:00Z";  // no clock: the same image every time
constexpr int64_t kSecond = 1'000'000'000;                // the unit of health checks is 1 ns

struct Blob {
  std::string digest;
  uint64_t bytes = 0;
  std::function<Result<void>(const Sink&)> write;

  Json descriptor(const char* type) const {
    return {{"mediaType", type}, {"digest", "sha256:" + digest}, {"size", bytes}};
  }
};

Result<void> put(const Sink& sink, std::string_view text) {
  return sink(std::as_bytes(std::span(text.data(), text.size())));
}

Blob text_blob(std::string text) {
  Blob blob{.digest = fetch::sha256_of_text(text), .bytes = text.size(), .write = {}};
  blob.write = [text = std::move(text)](const Sink& sink) { return put(sink, text); };
  return blob;
}

// A layer's name is its digest, so it is read once to learn that.
Result<Blob> layer_blob(const Layer& layer) {
  Blob blob{.digest = {}, .write = [&layer](const Sink& sink) { return layer.write(sink); }};
  fetch::Sha256 digest;
  TRY(layer.write([&](std::span<const std::byte> bytes) -> Result<void> {
    digest.update(bytes);
    blob.bytes += bytes.size();
    return {};
  }));
  blob.digest = digest.hex();
  return blob;
}

Json health_of(const std::vector<std::string>& command) {
  std::vector<std::string> test{"CMD"};
  test.insert(test.end(), command.begin(), command.end());
  return {{"Test", test},
          {"Interval", 10 * kSecond},
          {"Timeout", 5 * kSecond},
          {"StartPeriod", 600 * kSecond},
          {"Retries", 3}};
}

// "Healthcheck" is Docker's; whoever does not know it must ignore it.
Json config_of(const Config& config) {
  Json ports = Json::object();
  for (const std::string& port : config.ports) ports[port] = Json::object();
  return {{"User", config.user},
          {"WorkingDir", config.folder},
          {"Entrypoint", config.entry_point},
          {"Env", config.environment},
          {"ExposedPorts", ports},
          {"Labels", config.labels},
          {"StopSignal", "SIGTERM"},
          {"Healthcheck", health_of(config.health_check)}};
}

std::string config_text(const Image& image, const std::vector<Blob>& layers) {
  Json digests = Json::array(), history = Json::array();
  for (size_t i = 0; i < layers.size(); ++i) {
    digests.push_back("sha256:" + layers[i].digest);  // uncompressed: it is the blob's
    history.push_back({{"created", kCreated}, {"created_by", image.layers[i].first}});
  }
  return Json{{"created", kCreated},
              {"architecture", image.architecture},
              {"os", "linux"},
              {"config", config_of(image.config)},
              {"rootfs", {{"type", "layers"}, {"diff_ids", digests}}},
              {"history", history}}
      .dump();
}

std::string manifest_text(const Image& image, const Blob& config, const std::vector<Blob>& layers) {
  Json list = Json::array();
  for (const Blob& layer : layers) list.push_back(layer.descriptor(kLayerType));
  return Json{{"schemaVersion", 2},
              {"mediaType", kManifestType},
              {"config", config.descriptor(kConfigType)},
              {"layers", list},
              {"annotations", image.config.labels}}
      .dump();
}

std::string index_text(const Image& image, const Blob& manifest) {
  Json entry = manifest.descriptor(kManifestType);
  entry["annotations"] = {{"org.opencontainers.image.ref.name", image.tag}};
  entry["platform"] = {{"architecture", image.architecture}, {"os", "linux"}};
  return Json{{"schemaVersion", 2}, {"manifests", Json::array({entry})}}.dump();
}

struct Part {
  std::string path;
  Blob blob;
};
using Parts = std::vector<Part>;

Part named_by_digest(Blob blob) {
  std::string path = "blobs/sha256/" + blob.digest;
  return {.path = std::move(path), .blob = std::move(blob)};
}

// The bytes must be those that the digest was made of: a model that changes meanwhile is told.
Result<void> write_blob(const Part& part, const Sink& sink) {
  fetch::Sha256 digest;
  TRY(part.blob.write([&](std::span<const std::byte> bytes) -> Result<void> {
    digest.update(bytes);
    return sink(bytes);
  }));
  if (digest.hex() == part.blob.digest) return {};
  return fail(ErrorKind::io, "a file of the image changed while it was written; try again");
}

Sink into(NewFile& file, const Sink& count) {
  return [&file, &count](std::span<const std::byte> bytes) -> Result<void> {
    TRY(file.write(bytes));
    return count(bytes);
  };
}

Result<void> write_folder(const Parts& parts, const fs::path& out, const Sink& count) {
  TRY_ASSIGN(NewFolder folder, NewFolder::create(out));
  std::error_code error;
  fs::create_directories(folder.path() / "blobs/sha256", error);
  if (error) return fail(ErrorKind::io, "{}: {}", out.string(), error.message());
  for (const Part& part : parts) {
    TRY_ASSIGN(NewFile file, NewFile::create(folder.path() / part.path));
    TRY(write_blob(part, into(file, count)));
    TRY(file.commit());
  }
  return folder.commit();
}

Result<void> write_tar(const Parts& parts, const fs::path& out, const Sink& count) {
  std::error_code error;
  if (fs::exists(out, error))
    return fail(ErrorKind::invalid, "{}: is there already; remove it, or name another",
                out.string());
  TRY_ASSIGN(NewFile file, NewFile::create(out));
  const Sink sink = into(file, count);
  // Without these, skopeo makes the folders, and fails to give them to root where it is not root.
  for (const char* folder : {"blobs/", "blobs/sha256/"}) {
    TRY_ASSIGN(
        const std::string header,
        archive::tar_header({.path = folder, .mode = 0755, .kind = archive::TarKind::folder}));
    TRY(put(sink, header));
  }
  for (const Part& part : parts) {
    TRY_ASSIGN(const std::string header,
               archive::tar_header({.path = part.path, .bytes = part.blob.bytes}));
    TRY(put(sink, header));
    TRY(write_blob(part, sink));
    TRY(put(sink, archive::tar_padding(part.blob.bytes)));
  }
  TRY(put(sink, archive::tar_end()));
  return file.commit();
}

bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_joint(std::string_view text) {
  return text == "." || text == "_" || text == "__" || text.find_first_not_of('-') == text.npos;
}

// Words and joints by turns, a word first and last.
bool is_name(std::string_view text) {
  while (true) {
    const auto word = std::find_if_not(text.begin(), text.end(), is_plain);
    if (word == text.begin()) return false;
    if (word == text.end()) return true;
    const auto joint = std::find_if(word, text.end(), is_plain);
    if (!is_joint({word, joint})) return false;
    text = {joint, text.end()};
  }
}

bool is_version(std::string_view text) {
  const auto good = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
  };
  return !text.empty() && text.size() <= 128 && text[0] != '.' && text[0] != '-' &&
         std::all_of(text.begin(), text.end(), good);
}

bool is_tag(std::string_view tag) {
  const size_t colon = tag.find(':');
  if (colon != tag.npos && !is_version(tag.substr(colon + 1))) return false;
  std::string_view path = tag.substr(0, colon);
  for (size_t slash = path.find('/'); slash != path.npos; slash = path.find('/')) {
    if (!is_name(path.substr(0, slash))) return false;
    path.remove_prefix(slash + 1);
  }
  return is_name(path);
}

}  // namespace

Result<void> check_tag(const std::string& tag) {
  if (tag.size() <= 255 && is_tag(tag)) return {};
  return fail(ErrorKind::invalid,
              "'{}' is no name of an image: lower-case letters and digits, '.', '_', '-' and '/' "
              "between them, then ':' and a version; --tag NAME:VERSION says another",
              printable(tag));
}

Result<std::string> write_image(const Image& image, const fs::path& out, const Told& told) {
  TRY(check_tag(image.tag));
  std::vector<Blob> layers;
  for (const auto& row : image.layers) {
    TRY_ASSIGN(Blob blob, layer_blob(row.second));
    layers.push_back(std::move(blob));
  }
  const Blob config = text_blob(config_text(image, layers));
  const Blob manifest = text_blob(manifest_text(image, config, layers));
  Parts parts{{"oci-layout", text_blob(R"({"imageLayoutVersion":"1.0.0"})")},
              {"index.json", text_blob(index_text(image, manifest))},
              named_by_digest(manifest),
              named_by_digest(config)};
  for (Blob& layer : layers) parts.push_back(named_by_digest(std::move(layer)));
  uint64_t total = 0, done = 0;
  for (const Part& part : parts) total += part.blob.bytes;
  const Sink count = [&](std::span<const std::byte> bytes) -> Result<void> {
    done += bytes.size();
    told(std::min(done, total), total);
    return {};
  };
  TRY(out.extension() == ".tar" ? write_tar(parts, out, count) : write_folder(parts, out, count));
  return manifest.digest;
}

}  // namespace mill::image
