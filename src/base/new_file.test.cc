#include "base/new_file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/scratch_folder.h"

namespace mill {
namespace {

namespace fs = std::filesystem;
using test_data::empty_folder;

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string content(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a committed file replaces what was there and leaves nothing else") {
  const fs::path folder = empty_folder("new_file_commit");
  for (const char* text : {"first", "second"}) {
    auto file = NewFile::create(folder / "out");
    REQUIRE(file);
    CHECK(file->reserve(1000));  // more than is written in the end
    CHECK(file->write(as_bytes(text)));
    CHECK(file->commit());
    CHECK(content(folder / "out") == text);
  }
  CHECK(entries(folder) == 1);
}

TEST_CASE("a file given up leaves the old one as it was") {
  const fs::path folder = empty_folder("new_file_given_up");
  std::ofstream(folder / "out") << "old";
  {
    auto file = NewFile::create(folder / "out");
    REQUIRE(file);
    CHECK(file->write(as_bytes("half")));
  }
  CHECK(content(folder / "out") == "old");
  CHECK(entries(folder) == 1);
}

TEST_CASE("no room is an error that says so, before and while writing") {
  const fs::path folder = empty_folder("new_file_no_room");
  rlimit before = {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);  // then the limit shows as EFBIG
  const rlimit limit{4096, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  {
    auto file = NewFile::create(folder / "out");
    REQUIRE(file);
    const auto reserved = file->reserve(1 << 20);
    const auto written = file->write(std::vector<std::byte>(10000));
    CHECK((!reserved &&
           reserved.error().message.find("no room for 1048576 bytes") != std::string::npos));
    CHECK((!written && written.error().message.find("after 4096 bytes") != std::string::npos));
    CHECK(written.error().kind == ErrorKind::io);
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(entries(folder) == 0);
}

TEST_CASE("a folder that does not exist is an error that names the path") {
  const auto file = NewFile::create("/nonexistent/folder/out");
  REQUIRE_FALSE(file);
  CHECK(file.error().message.find("/nonexistent/folder/out") != std::string::npos);
}

}  // namespace mill
