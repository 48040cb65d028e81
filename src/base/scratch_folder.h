#pragma once
// For tests: a folder of the build to write into, empty for each test case that asks for it.

#include <filesystem>
#include <string_view>

namespace mill::test_data {

inline std::filesystem::path empty_folder(std::string_view name) {
  const std::filesystem::path folder =
      std::filesystem::path(TOKENMILL_BINARY_DIR) / "test-scratch" / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

}  // namespace mill::test_data
