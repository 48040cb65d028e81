#include "data/package/manifest.h"

#include <doctest/doctest.h>

#include <array>

namespace mill::package {
namespace {

constexpr const char* kGood =
    "format: tokenmill.package/1\n"  // line 1
    "name: tiny\n"                   // 2
    "version: 1.0\n"                 // 3
    "files:\n"                       // 4
    "  - path: a/model.gguf\n"       // 5
    "    bytes: 12\n"                // 6
    "    sha256: "                   // 7
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
    "profiles:\n"                                  // 8
    "  - name: small\n"                            // 9
    "    model: a/model.gguf\n"                    // 10
    "    isa: avx2\n"                              // 11
    "    threads: 2\n"                             // 12
    "    context: 2048\n"                          // 13
    "    kv_format: q8\n"                          // 14
    "    memory: {fixed: 1000, per_token: 10}\n";  // 15

std::string with(const char* from, const char* to) {
  std::string text = kGood;
  const size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, from);
  return text.replace(at, std::string_view(from).size(), to);
}

struct Bad {
  const char *from, *to, *said;
};
constexpr std::array kBad = {
    Bad{"name: tiny", "nam: tiny", "line 2: 'nam' is unknown"},
    Bad{"name: tiny", "name: ../x", "line 2: 'name' must be"},
    Bad{"name: tiny", "name: tiny\nname: tiny", "line 3: 'name' is there twice"},
    Bad{"name: tiny\n", "", "'name' is missing"},
    Bad{"package/1", "package/2", "line 1: 'format' is 'tokenmill.package/2'"},
    Bad{"a/model.gguf", "../model.gguf", "line 5: 'files[0].path' '../model.gguf' must lie below"},
    Bad{"a/model.gguf", "/model.gguf", "line 5: 'files[0].path'"},
    Bad{"bytes: 12", "bytes: -1", "line 6: 'files[0].bytes' is '-1'"},
    Bad{"bytes: 12", "bytes: 12x", "line 6: 'files[0].bytes' is '12x'"},
    Bad{"0123456789abcdef", "", "line 7: 'files[0].sha256' must be 64"},
    Bad{"isa: avx2", "isa: sse", "line 11: 'profiles[0].isa' is 'sse'; it must be one of scalar"},
    Bad{"context: 2048", "context: [1]", "line 13: 'profiles[0].context' must be a text"},
    Bad{"context: 2048", "context: 5", "line 13: 'profiles[0].context' is '5'"},
    Bad{", per_token: 10", "", "'profiles[0].memory.per_token' is missing"},
    Bad{"    memory: {fixed: 1000, per_token: 10}\n", "", "'profiles[0].memory' is missing"},
    Bad{"model: a/model.gguf", "model: b.gguf", "small runs b.gguf, which is none of the files"},
    Bad{"a/model.gguf", "manifest.yaml", "as a file of its own"},
    Bad{"threads: 2", "threads: {", "line 1"},
};

}  // namespace

TEST_CASE("a manifest is read, and written as it was read") {
  const auto manifest = parse_manifest(kGood);
  REQUIRE_MESSAGE(manifest.has_value(), (manifest ? "" : manifest.error().message));
  CHECK(manifest->version == "1.0");
  CHECK(manifest->files[0].bytes == 12);
  CHECK(manifest->profiles[0].memory_per_token == 10);
  const std::string text = manifest_text(*manifest);
  const auto again = parse_manifest(text);
  REQUIRE_MESSAGE(again.has_value(), (again ? "" : again.error().message));
  CHECK(manifest_text(*again) == text);
}

TEST_CASE("what is wrong is told with its line and its field") {
  for (const Bad& bad : kBad) {
    const auto manifest = parse_manifest(with(bad.from, bad.to));
    REQUIRE_MESSAGE(!manifest.has_value(), bad.to);
    CHECK_MESSAGE(manifest.error().message.contains(bad.said), manifest.error().message);
  }
}

TEST_CASE("texts that are no manifest") {
  CHECK_FALSE(parse_manifest("").has_value());
  CHECK_FALSE(parse_manifest("- a\n").has_value());
  CHECK_FALSE(parse_manifest("a: &a [*a]\n").has_value());
  CHECK_FALSE(parse_manifest(std::string(20'000, '[')).has_value());
  CHECK_FALSE(parse_manifest(std::string((1 << 20) + 1, ' ')).has_value());
}

TEST_CASE("a draft has no files and no memory yet") {
  std::string draft = with("    memory: {fixed: 1000, per_token: 10}\n", "");
  CHECK(parse_manifest(draft, Stage::draft).error().message.contains("leave it out"));
  const size_t begin = draft.find("files:");
  draft.erase(begin, draft.find("profiles:") - begin);
  CHECK(parse_manifest(draft, Stage::draft).has_value());
}

TEST_CASE("paths that may be joined") {
  for (const char* good : {"a", "a/b.gguf", "..a", "a-b_c+1"})
    CHECK_MESSAGE(is_safe_path(good), good);
  for (const char* bad : {"", "/a", "a/", "a//b", ".", "..", "a/../b", "a\\b", "a b", "a\n"})
    CHECK_MESSAGE(!is_safe_path(bad), bad);
  CHECK_FALSE(is_safe_path(std::string_view("a\0b", 3)));
}

}  // namespace mill::package
