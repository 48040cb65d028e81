#include "service/jobs/multipart.h"

#include <doctest/doctest.h>

namespace mill::jobs {

TEST_CASE("an upload is cut into its parts") {
  const std::string body =
      "preamble\r\n--x\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
      "--x \r\ncontent-type: text/plain\r\n"
      "content-disposition: form-data; filename=\"a\\\"b;c.jsonl\"; name=file\r\n\r\n"
      "one\r\n--y\r\n\r\ntwo\r\n\r\n--x--\r\nepilogue";
  const auto parts = parse_multipart(body, "x");
  REQUIRE(parts.has_value());
  REQUIRE(parts->size() == 2);
  CHECK((*parts)[0].name == "purpose");
  CHECK((*parts)[0].filename.empty());
  CHECK((*parts)[0].content == "batch");
  CHECK((*parts)[1].name == "file");
  CHECK((*parts)[1].filename == "a\"b;c.jsonl");
  CHECK((*parts)[1].content == "one\r\n--y\r\n\r\ntwo\r\n");
}

TEST_CASE("every upload that is cut short is refused") {
  const std::string body =
      "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n"
      "--x\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\n\r\n--x--";
  REQUIRE(parse_multipart(body, "x")->size() == 2);
  CHECK((*parse_multipart(body, "x"))[1].content.empty());
  for (size_t size = 0; size < body.size(); ++size)
    CHECK_FALSE(parse_multipart(body.substr(0, size), "x").has_value());
}

TEST_CASE("boundaries") {
  CHECK(*boundary_of("multipart/form-data; boundary=abc") == "abc");
  CHECK(*boundary_of("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b\"") == "a b");
  for (const char* wrong : {"", "application/json", "multipart/form-data",
                            "multipart/form-data; boundary=", "multipart/mixed; boundary=a"})
    CHECK_FALSE(boundary_of(wrong).has_value());
}

TEST_CASE("parts without a name, and too many of them") {
  CHECK_FALSE(parse_multipart("--x\r\n\r\nb\r\n--x--", "x").has_value());
  CHECK_FALSE(parse_multipart("--x\r\nA: b\r\n\r\nb\r\n--x--", "x").has_value());
  std::string many;
  for (int i = 0; i < 17; ++i)
    many += "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n";
  CHECK_FALSE(parse_multipart(many + "--x--", "x").has_value());
}

}  // namespace mill::jobs
