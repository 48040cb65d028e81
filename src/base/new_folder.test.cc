#include "base/new_folder.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "base/scratch_folder.h"

namespace mill {
namespace {

namespace fs = std::filesystem;
using test_data::empty_folder;

void write(const fs::path& path) { std::ofstream(path) << "text"; }

auto entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

}  // namespace

TEST_CASE("a folder appears with all of its files") {
  const fs::path scratch = empty_folder("new_folder");
  for (const char* name : {"out", "slash/", "empty"}) {
    if (std::string(name) == "empty") fs::create_directory(scratch / name);
    auto folder = NewFolder::create(scratch / name);
    REQUIRE(folder);
    write(folder->path() / "a");
    CHECK_FALSE(fs::exists(scratch / name / "a"));
    REQUIRE(folder->commit());
    CHECK(fs::exists(scratch / name / "a"));
  }
  CHECK(entries(scratch) == 3);
}

TEST_CASE("given up, it leaves nothing behind") {
  const fs::path scratch = empty_folder("new_folder");
  {
    auto folder = NewFolder::create(scratch / "out");
    REQUIRE(folder);
    write(folder->path() / "a");
    const NewFolder moved = std::move(*folder);
    CHECK(entries(scratch) == 1);
  }
  CHECK(entries(scratch) == 0);
}

TEST_CASE("what is there stays there") {
  const fs::path scratch = empty_folder("new_folder");
  write(scratch / "file");
  CHECK(NewFolder::create(scratch / "file").error().message.find("no folder") != std::string::npos);
  CHECK(NewFolder::create(scratch / "no/out").error().kind == ErrorKind::not_found);
  CHECK(NewFolder::create(scratch).error().message.find("not empty; name") != std::string::npos);
  auto late = NewFolder::create(scratch / "late");
  REQUIRE(late);
  fs::create_directory(scratch / "late");
  write(scratch / "late/theirs");
  CHECK(late->commit().error().message.find("not empty; name") != std::string::npos);
  CHECK(fs::exists(scratch / "late/theirs"));
}

}  // namespace mill
