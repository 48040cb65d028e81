#include "data/package/archive.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "base/new_file.h"
#include "base/new_folder.h"
#include "base/printable.h"
#include "data/archive/tar.h"

namespace mill::package {
namespace {

namespace fs = std::filesystem;
using archive::kTarBlock;

constexpr size_t kChunk = size_t{1} << 20;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Copies so many bytes; a source that ends before is cut off, or has changed.
Result<void> copy(std::istream& from, NewFile& to, const TarEntry& entry) {
  std::string chunk;
  for (uint64_t left = entry.bytes; left > 0; left -= chunk.size()) {
    chunk.resize(std::min<uint64_t>(left, kChunk));
    if (!from.read(chunk.data(), static_cast<std::streamsize>(chunk.size())))
      return fail(ErrorKind::invalid, "{}: it ends {} bytes too early", entry.path, left);
    TRY(to.write(bytes_of(chunk)));
  }
  return {};
}

Result<void> add_file(const Package& package, const std::string& path, NewFile& file) {
  std::error_code error;
  const fs::path place = package.root / path;
  const uint64_t bytes = fs::file_size(place, error);
  if (error) return fail(ErrorKind::io, "{}: {}", path, error.message());
  TRY_ASSIGN(const std::string header, archive::tar_header({.path = path, .bytes = bytes}));
  TRY(file.write(bytes_of(header)));
  std::ifstream from(place, std::ios::binary);
  TRY(copy(from, file, {.path = path, .bytes = bytes}));
  return file.write(bytes_of(archive::tar_padding(bytes)));
}

class Importer {
 public:
  Importer(std::istream& from, const fs::path& folder) : from_(from), folder_(folder) {}

  Result<Package> run(const PublicKey& trusted) {
    TRY(take_own(kManifestName));
    TRY(take_own(kSignatureName));
    auto package = verify_manifest(folder_, trusted);
    if (!package) return package;
    for (const PackageFile& file : package->manifest.files) left_.emplace(file.path, file.bytes);
    TRY(take_listed());
    return verify_package(folder_, trusted);
  }

 private:
  Result<std::string> next_block() {
    std::string block(kTarBlock, '\0');
    if (from_.read(block.data(), kTarBlock)) return block;
    return fail(ErrorKind::invalid, "it is cut off: its end is missing");
  }

  Result<void> extract(const TarEntry& entry) {
    const fs::path place = folder_ / entry.path;
    std::error_code error;
    fs::create_directories(place.parent_path(), error);
    if (error) return fail(ErrorKind::io, "{}: {}", entry.path, error.message());
    TRY_ASSIGN(NewFile file, NewFile::create(place));
    TRY(copy(from_, file, entry));
    from_.ignore(static_cast<std::streamsize>(archive::tar_padding(entry.bytes).size()));
    return file.commit();
  }

  Result<void> take_own(const char* name) {
    TRY_ASSIGN(const std::string block, next_block());
    TRY_ASSIGN(const TarEntry entry, parse_tar_header(block));
    if (entry.path != name)
      return fail(ErrorKind::invalid,
                  "{} is where {} should be; `tokenmill package export` writes them in order",
                  entry.path, name);
    if (entry.bytes > kSmallFileMax)
      return fail(ErrorKind::invalid, "{}: more than {} bytes", name, kSmallFileMax);
    return extract(entry);
  }

  // Two blocks of zeros end a tar.
  Result<void> take_listed() {
    while (true) {
      TRY_ASSIGN(const std::string block, next_block());
      if (block.find_first_not_of('\0') == std::string::npos) return {};
      TRY_ASSIGN(const TarEntry entry, parse_tar_header(block));
      const auto listed = left_.find(entry.path);
      if (listed == left_.end())
        return fail(ErrorKind::invalid, "{} is not in the manifest, or is there twice", entry.path);
      if (listed->second != entry.bytes)
        return fail(ErrorKind::invalid, "{} has {} bytes; the manifest says {}", entry.path,
                    entry.bytes, listed->second);
      left_.erase(listed);
      TRY(extract(entry));
    }
  }

  std::istream& from_;
  const fs::path& folder_;
  std::map<std::string, uint64_t> left_;  // what the manifest lists and has not come yet
};

}  // namespace

Result<TarEntry> parse_tar_header(std::string_view block) {
  TRY_ASSIGN(archive::TarHeader header, archive::read_tar_header(block));
  if (header.kind != archive::TarKind::file)
    return fail(ErrorKind::invalid, "{} is a link, a folder or a device; only files are taken",
                printable(header.path));
  if (!is_safe_path(header.path))
    return fail(ErrorKind::invalid, "'{}' is no name of a package's file", printable(header.path));
  return TarEntry{.path = std::move(header.path), .bytes = header.bytes};
}

Result<void> export_package(const Package& package, const fs::path& path) {
  TRY_ASSIGN(NewFile file, NewFile::create(path));
  TRY(add_file(package, kManifestName, file));
  TRY(add_file(package, kSignatureName, file));
  for (const PackageFile& listed : package.manifest.files)
    TRY(add_file(package, listed.path, file));
  TRY(file.write(bytes_of(archive::tar_end())));
  return file.commit();
}

Result<Package> import_package(const fs::path& file, const fs::path& folder,
                               const PublicKey& trusted) {
  std::ifstream from(file, std::ios::binary);
  if (!from) return fail(ErrorKind::not_found, "{}: cannot be read", file.string());
  TRY_ASSIGN(NewFolder place, NewFolder::create(folder));
  auto package = Importer(from, place.path()).run(trusted);
  if (!package) return within(file.string(), package.error());
  TRY(place.commit());
  package->root = folder;
  return package;
}

}  // namespace mill::package
