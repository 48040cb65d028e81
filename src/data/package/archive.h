#pragma once
// A package as one file: a tar (POSIX ustar) whose bytes depend on the package alone.

#include <filesystem>

#include "base/error.h"
#include "data/package/package.h"

namespace mill::package {

// The file appears complete or not at all.
Result<void> export_package(const Package&, const std::filesystem::path& file);

// Unpacks into a new folder and verifies; nothing is left behind unless all of it is right. The
// signature comes first: until it is found good, at most 2 MiB are written, and after that nothing
// but what the manifest lists, at the size that it says.
Result<Package> import_package(const std::filesystem::path& file,
                               const std::filesystem::path& folder, const PublicKey& trusted);

// One entry's header, 512 bytes. Only regular files with safe names are taken.
struct TarEntry {
  std::string path;
  uint64_t bytes = 0;
};
Result<TarEntry> parse_tar_header(std::string_view block);

}  // namespace mill::package
