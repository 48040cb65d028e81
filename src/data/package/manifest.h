#pragma once
// What a package says of itself (docs/formats/package.md has the fields).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mill::package {

struct PackageFile {
  std::string path;  // relative to the package, safe to join
  uint64_t bytes = 0;
  std::string sha256;
};

struct Profile {
  std::string name, model, isa, kv_format;
  uint32_t threads = 0, context = 0;
  uint64_t memory_fixed = 0, memory_per_token = 0;  // bytes; 0 = not computed yet
};

struct Manifest {
  std::string name, version, license;
  std::vector<PackageFile> files;
  std::vector<Profile> profiles;
};

// A draft has no files yet, and may leave the profiles' memory out.
enum class Stage : uint8_t { draft, whole };

// An error names the line and the field.
Result<Manifest> parse_manifest(std::string_view text, Stage = Stage::whole);
std::string manifest_text(const Manifest&);  // parses to the same; the same bytes each time

// Relative, without "." and "..", of letters, digits, '.', '_', '-', '+' and '/'.
bool is_safe_path(std::string_view path);

}  // namespace mill::package
