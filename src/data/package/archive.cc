#include "data/package/archive.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "base/new_file.h"
#include "base/new_folder.h"
#include "base/printable.h"

namespace mill::package {
namespace {

namespace fs = std::filesystem;

// Where a header's fields are (POSIX.1-1988, "ustar Interchange Format").
constexpr size_t kBlock = 512, kName = 0, kNameSize = 100, kMode = 100, kOwner = 108, kGroup = 116,
                 kSize = 124, kTime = 136, kChecksum = 148, kType = 156, kMagic = 257,
                 kPrefix = 345, kPrefixSize = 155;
constexpr uint64_t kSizeMax = (uint64_t{1} << 33) - 1;  // eleven octal digits
constexpr size_t kEntriesMax = 4098, kChunk = size_t{1} << 20;

void put(std::string& block, size_t at, std::string_view text) {
  std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(at));
}

// The checksum's own field counts as spaces.
uint64_t checksum_of(std::string_view block) {
  uint64_t sum = 8 * ' ';
  for (size_t i = 0; i < kBlock; ++i) {
    if (i < kChecksum || i >= kChecksum + 8) sum += static_cast<unsigned char>(block[i]);
  }
  return sum;
}

std::string header(const std::string& path, uint64_t bytes) {
  std::string block(kBlock, '\0');
  put(block, kName, path);
  put(block, kMode, "0000644");
  put(block, kOwner, "0000000");
  put(block, kGroup, "0000000");
  put(block, kSize, fmt::format("{:011o}", bytes));
  put(block, kTime, "00000000000");
  put(block, kType, "0");
  put(block, kMagic, std::string_view("ustar\00000", 8));
  put(block, kChecksum, fmt::format("{:06o}", checksum_of(block)));
  block[kChecksum + 7] = ' ';
  return block;
}

Result<uint64_t> octal(std::string_view field) {
  uint64_t out = 0;
  size_t i = 0;
  for (; i < field.size() && field[i] >= '0' && field[i] <= '7'; ++i)
    out = out * 8 + static_cast<uint64_t>(field[i] - '0');
  if (i == 0 || (i < field.size() && field[i] != '\0' && field[i] != ' '))
    return fail(ErrorKind::invalid, "a number of the tar's header is none");
  return out;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

uint64_t padding(uint64_t bytes) { return (kBlock - bytes % kBlock) % kBlock; }

// Copies so many bytes; a source that ends before is cut off, or has changed.
Result<void> copy(std::istream& from, NewFile& to, uint64_t bytes, const std::string& path) {
  std::string chunk;
  while (bytes > 0) {
    chunk.resize(std::min<uint64_t>(bytes, kChunk));
    if (!from.read(chunk.data(), static_cast<std::streamsize>(chunk.size())))
      return fail(ErrorKind::invalid, "{}: it ends {} bytes too early", path, bytes);
    TRY(to.write(bytes_of(chunk)));
    bytes -= chunk.size();
  }
  return {};
}

Result<void> add_file(const Package& package, const std::string& path, NewFile& archive) {
  std::error_code error;
  const fs::path place = package.root / path;
  const uint64_t bytes = fs::file_size(place, error);
  if (error) return fail(ErrorKind::io, "{}: {}", path, error.message());
  if (bytes > kSizeMax)
    return fail(ErrorKind::unsupported, "{}: {} bytes; a tar holds files of at most 8 GiB", path,
                bytes);
  TRY(archive.write(bytes_of(header(path, bytes))));
  std::ifstream file(place, std::ios::binary);
  TRY(copy(file, archive, bytes, path));
  return archive.write(bytes_of(std::string(padding(bytes), '\0')));
}

Result<void> extract(std::istream& archive, const TarEntry& entry, const fs::path& folder) {
  const fs::path place = folder / entry.path;
  std::error_code error;
  fs::create_directories(place.parent_path(), error);
  if (error) return fail(ErrorKind::io, "{}: {}", entry.path, error.message());
  TRY_ASSIGN(NewFile file, NewFile::create(place));
  TRY(copy(archive, file, entry.bytes, entry.path));
  archive.ignore(static_cast<std::streamsize>(padding(entry.bytes)));
  return file.commit();
}

// Two blocks of zeros end a tar.
Result<void> extract_all(std::istream& archive, const fs::path& folder) {
  std::set<std::string> seen;
  std::string block(kBlock, '\0');
  while (archive.read(block.data(), kBlock)) {
    if (block.find_first_not_of('\0') == std::string::npos) return {};
    TRY_ASSIGN(const TarEntry entry, parse_tar_header(block));
    if (!seen.insert(entry.path).second)
      return fail(ErrorKind::invalid, "{} is there twice", entry.path);
    if (seen.size() > kEntriesMax)
      return fail(ErrorKind::invalid, "more than {} files", kEntriesMax);
    TRY(extract(archive, entry, folder));
  }
  return fail(ErrorKind::invalid, "it is cut off: its end is missing");
}

}  // namespace

Result<TarEntry> parse_tar_header(std::string_view block) {
  if (block.size() != kBlock || block.substr(kMagic, 5) != "ustar")
    return fail(ErrorKind::invalid, "this is no tar of a package");
  TRY_ASSIGN(const uint64_t sum, octal(block.substr(kChecksum, 8)));
  if (sum != checksum_of(block))
    return fail(ErrorKind::invalid, "the checksum of a header of the tar is wrong");
  std::string path(block.substr(kName, kNameSize));
  path.resize(std::min(path.find('\0'), path.size()));
  const std::string_view prefix = block.substr(kPrefix, kPrefixSize);
  if (block[kType] != '0' && block[kType] != '\0')
    return fail(ErrorKind::invalid, "{} is a link, a folder or a device; only files are taken",
                printable(path));
  if (!is_safe_path(path) || prefix.find_first_not_of('\0') != std::string_view::npos)
    return fail(ErrorKind::invalid, "'{}' is no name of a package's file", printable(path));
  TRY_ASSIGN(const uint64_t bytes, octal(block.substr(kSize, 12)));
  return TarEntry{.path = std::move(path), .bytes = bytes};
}

Result<void> export_package(const Package& package, const fs::path& path) {
  TRY_ASSIGN(NewFile archive, NewFile::create(path));
  TRY(add_file(package, kManifestName, archive));
  TRY(add_file(package, kSignatureName, archive));
  for (const PackageFile& file : package.manifest.files) TRY(add_file(package, file.path, archive));
  TRY(archive.write(bytes_of(std::string(2 * kBlock, '\0'))));
  return archive.commit();
}

Result<Package> import_package(const fs::path& file, const fs::path& folder,
                               const PublicKey& trusted) {
  std::ifstream archive(file, std::ios::binary);
  if (!archive) return fail(ErrorKind::not_found, "{}: cannot be read", file.string());
  TRY_ASSIGN(NewFolder place, NewFolder::create(folder));
  if (const auto done = extract_all(archive, place.path()); !done)
    return within(file.string(), done.error());
  auto package = verify_package(place.path(), trusted);
  if (!package) return within(file.string(), package.error());
  TRY(place.commit());
  package->root = folder;
  return package;
}

}  // namespace mill::package
