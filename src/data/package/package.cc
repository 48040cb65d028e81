#include "data/package/package.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "base/new_file.h"
#include "base/printable.h"
#include "data/fetch/digest.h"

namespace mill::package {
namespace {

namespace fs = std::filesystem;

bool is_own(const std::string& path) { return path == kManifestName || path == kSignatureName; }

// Every file below the folder, by its path from there.
Result<std::map<std::string, fs::path>> walk(const fs::path& root) {
  std::map<std::string, fs::path> found;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(root, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const std::string path = at->path().lexically_relative(root).string();
    const fs::file_status status = at->symlink_status(error);
    if (fs::is_directory(status)) continue;
    if (!fs::is_regular_file(status))
      return fail(ErrorKind::invalid, "{} is a link or a device; a package has plain files only",
                  printable(path));
    if (!is_own(path)) found.emplace(path, at->path());
  }
  if (error) return fail(ErrorKind::io, "{}: {}", root.string(), error.message());
  return found;
}

Result<void> check_file(const fs::path& path, const PackageFile& listed) {
  std::error_code error;
  const uint64_t bytes = fs::file_size(path, error);
  if (error) return fail(ErrorKind::io, "{}: {}", listed.path, error.message());
  if (bytes != listed.bytes)
    return fail(ErrorKind::invalid, "{} has {} bytes; the manifest says {}", listed.path, bytes,
                listed.bytes);
  TRY_ASSIGN(const std::string digest, fetch::sha256_of(path));
  if (digest == listed.sha256) return {};
  return fail(ErrorKind::invalid, "{} is not the file that was signed: its SHA-256 is {}, not {}",
              listed.path, digest, listed.sha256);
}

Result<void> check_files(const fs::path& root, const Manifest& manifest) {
  TRY_ASSIGN(auto there, walk(root));
  for (const PackageFile& listed : manifest.files) {
    const auto found = there.find(listed.path);
    if (found == there.end()) return fail(ErrorKind::invalid, "{} is missing", listed.path);
    TRY(check_file(found->second, listed));
    there.erase(found);
  }
  if (there.empty()) return {};
  return fail(ErrorKind::invalid, "{} is not in the manifest; remove it, or build again",
              printable(there.begin()->first));
}

}  // namespace

Result<Package> verify_manifest(const fs::path& root, const PublicKey& trusted) {
  TRY_ASSIGN(const std::string text, read_small_file(root / kManifestName));
  std::error_code error;
  if (!fs::exists(root / kSignatureName, error))
    return fail(ErrorKind::invalid, "it is not signed; `tokenmill package sign` does that");
  TRY_ASSIGN(const std::string signature, read_small_file(root / kSignatureName));
  Package package{.root = root, .manifest = {}, .digest = {}, .comment = {}};
  auto comment = verify(text, signature, trusted);
  if (!comment) return within("the manifest", comment.error());
  package.comment = *comment;
  auto manifest = parse_manifest(text);
  if (!manifest) return within(kManifestName, manifest.error());
  package.manifest = std::move(*manifest);
  TRY_ASSIGN(package.digest, fetch::sha256_of(root / kManifestName));
  return package;
}

bool is_package(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path / kManifestName, error);
}

Result<Package> verify_package(const fs::path& root, const PublicKey& trusted) {
  auto package = verify_manifest(root, trusted);
  if (!package) return within("the package " + root.string(), package.error());
  if (const auto good = check_files(root, package->manifest); !good)
    return within("the package " + root.string(), good.error());
  return package;
}

Result<std::vector<PackageFile>> list_files(const fs::path& root) {
  TRY_ASSIGN(const auto there, walk(root));
  std::vector<PackageFile> files;
  for (const auto& [path, place] : there) {
    if (!is_safe_path(path))
      return fail(ErrorKind::invalid, "{}: a package's names have plain letters, at most 99 in all",
                  printable(path));
    std::error_code error;
    PackageFile file{.path = path, .bytes = fs::file_size(place, error), .sha256 = {}};
    if (error) return fail(ErrorKind::io, "{}: {}", path, error.message());
    TRY_ASSIGN(file.sha256, fetch::sha256_of(place));
    files.push_back(std::move(file));
  }
  return files;
}

Result<std::string> sign_package(const fs::path& root, const SecretKey& key) {
  TRY_ASSIGN(const std::string text, read_small_file(root / kManifestName));
  auto manifest = parse_manifest(text);
  if (!manifest) return within(kManifestName, manifest.error());
  TRY(check_files(root, *manifest));
  TRY_ASSIGN(const std::string digest, fetch::sha256_of(root / kManifestName));
  const std::string comment =
      fmt::format("{} {} sha256:{}", manifest->name, manifest->version, digest);
  TRY_ASSIGN(const std::string signature, sign(text, key, comment));
  TRY(write_small_file(root / kSignatureName, signature));
  return digest;
}

Result<std::string> read_small_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (!fs::is_regular_file(status))
    return fail(ErrorKind::not_found, "{}: there is no such file", path.string());
  const uint64_t bytes = fs::file_size(path, error);
  if (error || bytes > kSmallFileMax)
    return fail(ErrorKind::invalid, "{}: more than {} bytes", path.string(), kSmallFileMax);
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad() || text.size() != bytes)
    return fail(ErrorKind::io, "{}: cannot be read", path.string());
  return text;
}

Result<void> write_small_file(const fs::path& path, std::string_view text) {
  TRY_ASSIGN(NewFile file, NewFile::create(path));
  TRY(file.write(std::as_bytes(std::span(text.data(), text.size()))));
  return file.commit();
}

}  // namespace mill::package
