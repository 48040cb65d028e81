#include "data/archive/tar.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace mill::archive {
namespace {

TarHeader again(const TarHeader& header) {
  const auto block = tar_header(header);
  REQUIRE(block);
  REQUIRE(block->size() == kTarBlock);
  const auto read = read_tar_header(*block);
  REQUIRE(read);
  return *read;
}

TEST_CASE("A header is read as it was written") {
  const TarHeader folder = again(
      {.path = "var/lib/", .bytes = 0, .mode = 01777, .owner = 65532, .kind = TarKind::folder});
  CHECK(folder.path == "var/lib/");
  CHECK(folder.mode == 01777);
  CHECK(folder.owner == 65532);
  CHECK(folder.kind == TarKind::folder);
  for (const uint64_t bytes : {uint64_t{0}, uint64_t{513}, (uint64_t{1} << 33) - 1,
                               uint64_t{1} << 33, uint64_t{40'000'000'000}, uint64_t{1} << 62}) {
    CAPTURE(bytes);
    CHECK(again({.path = "model.gguf", .bytes = bytes}).bytes == bytes);
  }
}

TEST_CASE("A long path is split where both halves fit; one that cannot be is an error") {
  for (const size_t length : {99U, 100U, 101U, 120U, 155U}) {
    const std::string path = "srv/" + std::string(length, 'a');
    CAPTURE(length);
    if (length <= 100) {
      CHECK(again({.path = path}).path == path);
    } else {
      CHECK_FALSE(tar_header({.path = path}));
    }
  }
  const std::string deep = fmt::format("{:a<155}/{:b<100}", "", "");
  CHECK(again({.path = deep}).path == deep);
  CHECK_FALSE(tar_header({.path = "a" + deep}));
  CHECK_FALSE(tar_header({.path = fmt::format("{:a<101}/", "")}));
}

TEST_CASE("What is no header is an error") {
  const std::string good = *tar_header({.path = "a", .bytes = 5});
  CHECK_FALSE(read_tar_header(""));
  CHECK_FALSE(read_tar_header(std::string_view(good).substr(1)));
  for (const size_t at : {0U, 100U, 124U, 148U, 257U, 400U}) {
    std::string bad = good;
    bad[at] ^= 1;
    CAPTURE(at);
    CHECK_FALSE(read_tar_header(bad));
  }
}

TEST_CASE("A tar is whole blocks") {
  CHECK(tar_padding(0).empty());
  CHECK(tar_padding(512).empty());
  CHECK(tar_padding(513).size() == 511);
  CHECK(tar_end() == std::string(1024, '\0'));
}

}  // namespace
}  // namespace mill::archive
