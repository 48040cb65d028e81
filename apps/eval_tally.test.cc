#include "apps/eval_tally.h"

#include <doctest/doctest.h>

#include <fstream>

#include "apps/eval_problems.h"
#include "base/scratch_folder.h"

namespace mill::apps {

TEST_CASE("Wilson's interval, as published tables have it") {
  // Brown, Cai, DasGupta (2001): none of 10 is 0 to 0.278, and 5 of 10 are 0.237 to 0.763.
  CHECK(share_of(0, 10).low == 0);
  CHECK(share_of(0, 10).high == doctest::Approx(0.2775).epsilon(0.001));
  CHECK(share_of(5, 10).low == doctest::Approx(0.2366).epsilon(0.001));
  CHECK(share_of(5, 10).high == doctest::Approx(0.7634).epsilon(0.001));
  CHECK(share_of(10, 10).high == doctest::Approx(1));
}

TEST_CASE("majority and any of the first N samples") {
  const std::vector<std::string> right = {"7", "5"};
  const std::vector<std::vector<Sampled>> samples = {
      {{"3", 10}, {"7", 20}, {"7", 30}},
      {{std::nullopt, 1}, {"4", 1}, {"5", 1}},
  };
  const auto rows = tally(right, samples);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].samples == 1);
  CHECK(rows[0].majority.value == 0);
  CHECK(rows[0].tokens == 5.5);
  CHECK(rows[1].samples == 2);
  CHECK(rows[1].majority.value == 0);  // a tie goes to the first
  CHECK(rows[1].any.value == 0.5);
  CHECK(rows[2].samples == 3);
  CHECK(rows[2].majority.value == 0.5);
  CHECK(rows[2].any.value == 1);
  CHECK(rows[2].tokens == 31.5);
}

TEST_CASE("problems are read, and a line that is none is told by its number") {
  const auto folder = test_data::empty_folder("eval_problems");
  const auto write = [&](const char* text) {
    std::ofstream(folder / "file") << text;
    return folder / "file";
  };
  const auto two = read_problems(write(R"({"question": "a", "answer": "#### 1,000"}

{"question": "b", "answer": "so 2.50"})"),
                                 0);
  REQUIRE(two.has_value());
  CHECK(two->size() == 2);
  CHECK(two->front().answer == "1000");
  CHECK(two->back().answer == "2.5");
  CHECK(read_problems(folder / "file", 1)->size() == 1);
  for (const char* wrong :
       {"{\"question\": \"a\", \"answer\": \"1\"}\n{",
        "{\"question\": \"a\", \"answer\": \"1\"}\n[]",
        "{\"question\": \"a\", \"answer\": \"1\"}\n{\"question\": \"b\", \"answer\": \"none\"}"}) {
    const auto broken = read_problems(write(wrong), 0);
    REQUIRE_FALSE(broken.has_value());
    CHECK(broken.error().message.find("line 2") != std::string::npos);
  }
  CHECK_FALSE(read_problems(write("\n"), 0).has_value());
  CHECK_FALSE(read_problems(folder / "nowhere", 0).has_value());
}

}  // namespace mill::apps
