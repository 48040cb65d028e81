#include "data/fetch/process.h"

#include <doctest/doctest.h>

namespace mill::fetch {
namespace {

TEST_CASE("a program's exit status comes back, and what it complained of") {
  const auto finished = run_program({"sh", "-c", "echo trouble >&2; exit 7"});
  REQUIRE(finished.has_value());
  CHECK(finished->status == 7);
  CHECK(finished->complaints == "trouble\n");
}

TEST_CASE("arguments are not read by a shell") {
  CHECK(run_program({"sh", "-c", "test \"$1\" = '; exit 3'", "sh", "; exit 3"})->status == 0);
}

TEST_CASE("a signal is told as 128 + its number") {
  CHECK(run_program({"sh", "-c", "kill -TERM $$"})->status == 128 + 15);
}

TEST_CASE("of endless complaints the end is kept") {
  const auto finished = run_program({"sh", "-c", "seq 1 100000 >&2"});
  REQUIRE(finished.has_value());
  CHECK(finished->complaints.size() == 64 << 10);
  CHECK(finished->complaints.ends_with("\n100000\n"));
}

TEST_CASE("a program that is not installed is named") {
  const auto finished = run_program({"no-such-program-here"});
  REQUIRE(!finished.has_value());
  CHECK(finished.error().kind == ErrorKind::not_found);
  CHECK(finished.error().message.find("no-such-program-here") != std::string::npos);
}

}  // namespace
}  // namespace mill::fetch
