#include "apps/child_process.h"

#include <doctest/doctest.h>

namespace mill::apps {
namespace {

TEST_CASE("a child is spoken with by lines, and says how it ended") {
  Result<Child> child = Child::start({"sh", "-c", "read x; echo \"got $x\"; read y; exit 3"});
  REQUIRE(child.has_value());
  REQUIRE(child->write_line("one two").has_value());
  CHECK(child->read_line().value_or("") == "got one two");
  const ChildEnd end = child->wait();
  CHECK(end.exit_code == 3);
  CHECK(end.peak_memory_bytes > 0);
}

TEST_CASE("a child that ends is an error to its reader") {
  Result<Child> child = Child::start({"sh", "-c", "printf half"});
  REQUIRE(child.has_value());
  CHECK(child->read_some() == "half");
  CHECK_FALSE(child->read_line().has_value());
  CHECK(child->read_some().empty());
  CHECK_FALSE(child->write_line(std::string(1 << 20, 'x')).has_value());
}

TEST_CASE("a child is stopped, kindly if it lets us") {
  using std::chrono::milliseconds;
  Result<Child> kind = Child::start({"sh", "-c", "trap 'exit 7' TERM; echo up; read x"});
  REQUIRE(kind.has_value());
  CHECK(kind->read_line().value_or("") == "up");
  CHECK(kind->running());
  CHECK(kind->stop(milliseconds(10'000)).exit_code == 7);
  CHECK_FALSE(kind->running());
  Result<Child> deaf = Child::start({"sh", "-c", "trap '' TERM; echo up; read x; read y"});
  REQUIRE(deaf.has_value());
  CHECK(deaf->read_line().value_or("") == "up");
  CHECK(deaf->stop(milliseconds(50)).exit_code == 128 + 9);
}

TEST_CASE("a program that is not there") {
  CHECK(Child::start({"/nonexistent/program"}).error().kind == ErrorKind::not_found);
}

}  // namespace
}  // namespace mill::apps
