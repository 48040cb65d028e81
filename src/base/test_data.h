#pragma once
// Where tests find inputs that are too large, or not ours, to be in the repository. Absent data is
// no failure: the test says so and passes.

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace mill::test_data {

// Whether a sanitizer watches, under which every step costs ten and more.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // g++
constexpr bool kSanitized = true;
#elif defined(__has_feature)  // clang
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

// Unpacks shared/data/NAME.tar.zst once into `scratch` (the build folder) and returns its folder.
inline std::optional<std::filesystem::path> unpacked(const std::string& name,
                                                     const std::filesystem::path& source_dir,
                                                     const std::filesystem::path& scratch) {
  namespace fs = std::filesystem;
  const char* given = std::getenv("TOKENMILL_SHARED_DATA");
  const fs::path data = given != nullptr ? fs::path(given) : source_dir / "../shared/data";
  const fs::path archive = data / (name + ".tar.zst");
  fs::path target = scratch / "test-data" / name;
  std::error_code error;
  if (fs::exists(target / ".complete", error)) return target;
  if (!fs::exists(archive, error)) return std::nullopt;
  fs::create_directories(target, error);
  const std::string command = "tar --zstd -xf '" + archive.string() + "' -C '" + target.string() +
                              "' && touch '" + (target / ".complete").string() + "'";
  if (std::system(command.c_str()) != 0) return std::nullopt;
  return target;
}

// A real model: the environment's word first, then the user's cache, as `tokenmill pull` fills it.
inline std::optional<std::filesystem::path> model(const char* variable, const std::string& file) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (const char* given = std::getenv(variable); given != nullptr && fs::exists(given, error))
    return fs::path(given);
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const fs::path base = cache != nullptr  ? fs::path(cache)
                        : home != nullptr ? fs::path(home) / ".cache"
                                          : fs::path("/nonexistent");
  fs::path path = base / "tokenmill" / "models" / file;
  if (fs::exists(path, error)) return path;
  return std::nullopt;
}

}  // namespace mill::test_data
