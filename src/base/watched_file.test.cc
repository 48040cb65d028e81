#include "base/watched_file.h"

#include <doctest/doctest.h>

#include "base/scratch_folder.h"

namespace mill {
namespace {

namespace fs = std::filesystem;

void replace(const fs::path& path, const char* text) {
  const fs::path fresh = path.string() + ".fresh";
  std::ofstream(fresh) << text;
  fs::rename(fresh, path);
}

Result<std::string> not_empty(const std::string& text) {
  if (text.empty()) return fail(ErrorKind::invalid, "empty");
  return text;
}

}  // namespace

TEST_CASE("a watched file says what it says now, or said last") {
  const fs::path path = test_data::empty_folder("watched_file") / "file";
  CHECK_FALSE(WatchedFile<std::string>::open(path, not_empty).has_value());
  replace(path, "one");
  const auto file = WatchedFile<std::string>::open(path, not_empty);
  REQUIRE(file.has_value());
  const auto first = (*file)->get();
  CHECK(*first == "one");
  CHECK((*file)->get() == first);  // not read again
  replace(path, "two");
  CHECK(*(*file)->get() == "two");
  CHECK(*first == "one");
  replace(path, "");
  CHECK(*(*file)->get() == "two");
  fs::remove(path);
  CHECK(*(*file)->get() == "two");
  replace(path, "three");
  CHECK(*(*file)->get() == "three");
}

}  // namespace mill
