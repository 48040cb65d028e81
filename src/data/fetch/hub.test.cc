#include "data/fetch/hub.h"

#include <doctest/doctest.h>

namespace mill::fetch {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("names of models") {
  const auto name = parse_hub_name("org/repo-1.5/q4/model.Q4_1.gguf");
  REQUIRE(name.has_value());
  CHECK(name->org == "org");
  CHECK(name->repo == "repo-1.5");
  CHECK(name->file == "q4/model.Q4_1.gguf");
  CHECK(parse_hub_name("org/repo")->file.empty());
  for (const char* bad : {"", "org", "org/", "/repo", "org//f", "org/repo/", "../repo", "a/../b",
                          "a/b/../../c", "a/b/.hidden", "a b/c", "a/b?c", "a/b#c", "a/b%2f"})
    CHECK_MESSAGE(!parse_hub_name(bad).has_value(), bad);
}

TEST_CASE("a hub's listing") {
  const auto listing = parse_listing(R"({"sha": "abc", "siblings": [{"rfilename": "a"}, 7, {}]})");
  REQUIRE(listing.has_value());
  CHECK(listing->commit == "abc");
  CHECK(listing->files == Names{"a"});
  CHECK(parse_listing(R"({"siblings": [{"rfilename": "a"}]})")->commit == "main");
  for (const char* bad : {"", "[]", "{}", R"({"siblings": 1})", R"({"siblings": []})",
                          R"({"sha": "../x", "siblings": [{"rfilename": "a"}]})"})
    CHECK_MESSAGE(!parse_listing(bad).has_value(), bad);
}

TEST_CASE("which files make up the model") {
  CHECK(choose_files({"README.md", "m.gguf"}).value() == Names{"m.gguf"});
  CHECK(choose_files({"config.json", "model-00001-of-00002.safetensors", "x.bin", "m.gguf",
                      "onnx/model.safetensors", "tokenizer.json"})
            .value() == Names{"config.json", "model-00001-of-00002.safetensors", "tokenizer.json"});
  CHECK(choose_files({"a.gguf", "b.gguf"}).error().message.find("a.gguf, b.gguf") !=
        std::string::npos);
  CHECK(choose_files({"config.json"}).error().kind == ErrorKind::unsupported);
  CHECK(choose_files({"../../m.gguf"}).error().kind == ErrorKind::unsupported);
}

}  // namespace
}  // namespace mill::fetch
