#include "data/fetch/http.h"

#include <doctest/doctest.h>

namespace mill::fetch {
namespace {

TEST_CASE("content ranges") {
  struct Row {
    const char* text;
    uint64_t first, total;
  };
  for (const Row& row : {Row{"bytes 100-199/1000", 100, 1000}, Row{"bytes */1000", 1000, 1000},
                         Row{"bytes 5-9/*", 5, 0}, Row{"bytes 1-2", 0, 0}, Row{"", 0, 0},
                         Row{"items 1-2/3", 0, 0}, Row{"bytes /", 0, 0}}) {
    const ContentRange range = parse_content_range(row.text);
    CHECK_MESSAGE(range.first == row.first, row.text);
    CHECK_MESSAGE(range.total == row.total, row.text);
  }
}

TEST_CASE("nobody listens: there is no answer, and the reply says why") {
  const auto text = http_get_text({.url = "http://127.0.0.1:9/", .headers = {}}, 100);
  REQUIRE(text.has_value());
  CHECK(text->reply.status == 0);
  CHECK(text->reply.trouble.find("127.0.0.1") != std::string::npos);
}

TEST_CASE("other protocols are not spoken") {
  const auto text = http_get_text({.url = "file:///etc/passwd", .headers = {}}, 100);
  REQUIRE(text.has_value());
  CHECK(!text->reply.trouble.empty());
  CHECK(text->body.empty());
}

}  // namespace
}  // namespace mill::fetch
