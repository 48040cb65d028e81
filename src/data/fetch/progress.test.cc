#include "data/fetch/progress.h"

#include <doctest/doctest.h>

namespace mill::fetch {
namespace {

TEST_CASE("bytes as people read them") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(999) == "999 B");
  CHECK(bytes_text(1000) == "1.0 kB");
  CHECK(bytes_text(98362432) == "98.4 MB");
  CHECK(bytes_text(999'960'000) == "1.0 GB");
}

TEST_CASE("a line says what came, of how much, how fast and how long it takes still") {
  CHECK(progress_line(
            "m", {.done = 50'000'000, .total = 100'000'000, .fresh = 40'000'000, .seconds = 4}) ==
        "m  50.0 MB of 100.0 MB  50 %  10.0 MB/s  5 s left");
  CHECK(progress_line(
            "m", {.done = 1'000'000, .total = 1'000'000'000, .fresh = 1'000'000, .seconds = 1}) ==
        "m  1.0 MB of 1.0 GB  0 %  1.0 MB/s  17 min left");
  CHECK(progress_line("m", {.done = 100, .total = 100, .fresh = 100, .seconds = 1}) ==
        "m  100 B of 100 B  100 %  100 B/s");
}

TEST_CASE("what is unknown is left out") {
  CHECK(progress_line("m", {.done = 10}) == "m  10 B");
  CHECK(progress_line("m", {.done = 10, .total = 20}) == "m  10 B of 20 B  50 %");
}

}  // namespace
}  // namespace mill::fetch
