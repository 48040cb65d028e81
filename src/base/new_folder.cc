#include "base/new_folder.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace mill {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> occupied(const fs::path& place) {
  return fail(ErrorKind::invalid,
              "{}: is there already, and not empty; name another folder, or remove this one",
              place.string());
}

// "out/" and "out" are one place.
fs::path without_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

NewFolder::NewFolder(fs::path place, fs::path temporary)
    : place_(std::move(place)), temporary_(std::move(temporary)) {}

NewFolder::NewFolder(NewFolder&& other) noexcept
    : place_(std::move(other.place_)), temporary_(std::exchange(other.temporary_, {})) {}

Result<NewFolder> NewFolder::create(const fs::path& path) {
  const fs::path place = without_slash(path);
  std::error_code error;
  if (fs::exists(place, error) && !fs::is_directory(place, error))
    return fail(ErrorKind::invalid, "{}: is there already, and no folder", place.string());
  if (fs::is_directory(place, error) && !fs::is_empty(place, error)) return occupied(place);
  fs::path temporary = place;
  temporary += ".partial-" + std::to_string(::getpid());
  fs::remove_all(temporary, error);
  if (fs::create_directory(temporary, error)) return NewFolder(place, std::move(temporary));
  return fail(error == std::errc::no_such_file_or_directory ? ErrorKind::not_found : ErrorKind::io,
              "{}: cannot be created: {}", place.string(), error.message());
}

NewFolder::~NewFolder() {
  std::error_code error;
  if (!temporary_.empty()) fs::remove_all(temporary_, error);
}

// rename(2) puts a folder in the place of an empty one, and of no other.
Result<void> NewFolder::commit() {
  if (::rename(temporary_.c_str(), place_.c_str()) == 0) {
    temporary_.clear();
    return {};
  }
  if (errno == ENOTEMPTY || errno == EEXIST) return occupied(place_);
  return fail(ErrorKind::io, "{}: cannot be renamed: {}", place_.string(), std::strerror(errno));
}

}  // namespace mill
