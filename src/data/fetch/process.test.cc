#include "data/fetch/process.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

namespace mill::fetch {
namespace {

const std::filesystem::path kComplaints =
    std::filesystem::path(TOKENMILL_BINARY_DIR) / "process.test.complaints";

std::string complaints() {
  std::ostringstream text;
  text << std::ifstream(kComplaints).rdbuf();
  return text.str();
}

TEST_CASE("a program's exit status comes back, and what it complained of is kept") {
  const auto status = run_program({"sh", "-c", "echo trouble >&2; exit 7"}, kComplaints);
  REQUIRE(status.has_value());
  CHECK(*status == 7);
  CHECK(complaints() == "trouble\n");
}

TEST_CASE("arguments are not read by a shell") {
  const auto status =
      run_program({"sh", "-c", "test \"$1\" = '; exit 3'", "sh", "; exit 3"}, kComplaints);
  REQUIRE(status.has_value());
  CHECK(*status == 0);
}

TEST_CASE("a signal is told as 128 + its number") {
  const auto status = run_program({"sh", "-c", "kill -TERM $$"}, kComplaints);
  REQUIRE(status.has_value());
  CHECK(*status == 128 + 15);
}

TEST_CASE("a program that is not installed is named") {
  const auto status = run_program({"no-such-program-here"}, kComplaints);
  REQUIRE(!status.has_value());
  CHECK(status.error().kind == ErrorKind::not_found);
  CHECK(status.error().message.find("no-such-program-here") != std::string::npos);
}

}  // namespace
}  // namespace mill::fetch
