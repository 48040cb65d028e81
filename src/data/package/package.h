#pragma once
// A package on the disk: a folder with a manifest, its signature, and the files that it lists.

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/package/manifest.h"
#include "data/package/signature.h"

namespace mill::package {

inline constexpr const char* kManifestName = "manifest.yaml";
inline constexpr const char* kSignatureName = "manifest.yaml.minisig";
inline constexpr uint64_t kSmallFileMax = uint64_t{1} << 20;  // of these two, and of keys

struct Package {
  std::filesystem::path root;
  Manifest manifest;
  std::string digest;   // SHA-256 of the manifest, which has those of all files
  std::string comment;  // the signature's
};

bool is_package(const std::filesystem::path&);  // a folder with a manifest

// Checks the signature, the manifest, and every file's length and SHA-256; links, and files that
// the manifest does not list, are refused. The error says which of them is wrong.
Result<Package> verify_package(const std::filesystem::path&, const PublicKey& trusted);

// The signature and the manifest alone: what the package says, not whether its files are right.
Result<Package> verify_manifest(const std::filesystem::path&, const PublicKey& trusted);

// The files of a folder, but for manifest and signature, sorted by path, with their checksums.
Result<std::vector<PackageFile>> list_files(const std::filesystem::path&);

// Signs what is there, after checking that the manifest is whole; the package's digest.
Result<std::string> sign_package(const std::filesystem::path&, const SecretKey&);

Result<std::string> read_small_file(const std::filesystem::path&);  // at most kSmallFileMax
Result<void> write_small_file(const std::filesystem::path&, std::string_view text);

}  // namespace mill::package
