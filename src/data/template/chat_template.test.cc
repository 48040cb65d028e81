#include "data/template/chat_template.h"

#include <doctest/doctest.h>
#include <openssl/sha.h>

#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/test_data.h"

namespace mill {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

ordered_json golden(const std::string& name) {
  return ordered_json::parse(
      read(fs::path(TOKENMILL_SOURCE_DIR) / "tests/golden/templates" / name));
}

// The goldens' clock: "2026-02-03T04:05:06".
std::tm golden_time(const ordered_json& file) {
  std::tm time{};
  const char* end = strptime(file["now"].get<std::string>().c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  REQUIRE(end != nullptr);
  return time;
}

Result<std::string> rendered(const std::string& source, const ordered_json& context,
                             const std::tm& now) {
  TRY_ASSIGN(const ChatTemplate compiled, ChatTemplate::compile(source));
  return compiled.render(context, now);
}

std::string hex_digest(const std::string& data) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest);
  std::string hex;
  for (int i = 0; i < 6; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string summary(const Result<std::string>& text) {
  return text ? fmt::format("{}:{}", text->size(), hex_digest(*text)) : "error";
}

std::string message(const Result<std::string>& text) {
  return text ? "rendered: " + *text : text.error().message;
}

TEST_CASE("every construct, filter, test and method renders as in jinja2") {
  const ordered_json file = golden("snippets.json");
  const std::tm now = golden_time(file);
  CHECK(file["snippets"].size() >= 300);
  for (const auto& row : file["snippets"]) {
    ordered_json context = file["context"];
    if (row.contains("context")) context.update(row["context"]);
    const auto text = rendered(row["template"], context, now);
    CAPTURE(row["template"].get<std::string>());
    CAPTURE(message(text));
    if (row.contains("error")) {
      CAPTURE(row["error"].get<std::string>());
      CHECK(!text.has_value());
    } else {
      CHECK(text.value_or("(an error)") == row["output"].get<std::string>());
    }
  }
}

// A template of the archive by the name that the goldens give it.
std::string template_source(const fs::path& archive, const std::string& name) {
  const std::string file = read(archive / name);
  if (!name.ends_with(".json")) return file;
  return ordered_json::parse(file)["chat_template"].get<std::string>();
}

TEST_CASE("real models' templates render as in jinja2") {
  const auto archive =
      test_data::unpacked("tokenizers", TOKENMILL_SOURCE_DIR, TOKENMILL_BINARY_DIR);
  if (!archive) {
    MESSAGE("skipped: shared/data/tokenizers.tar.zst is not there");
    return;
  }
  const ordered_json file = golden("renderings.json");
  const std::tm now = golden_time(file);
  for (const auto& [name, row] : file["templates"].items()) {
    const std::string source = template_source(*archive / "tokenizers", name);
    CAPTURE(name);
    REQUIRE(hex_digest(source) == row["sha256"].get<std::string>());
    std::istringstream expected(row["renderings"].get<std::string>());
    for (const auto& [title, context] : file["contexts"].items()) {
      std::string wanted;
      expected >> wanted;
      const auto text = rendered(source, context, now);
      CAPTURE(title);
      CAPTURE(message(text));
      CHECK(summary(text) == wanted);
    }
  }
}

}  // namespace
}  // namespace mill
