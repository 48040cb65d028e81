#include "data/image/layout.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/scratch_folder.h"
#include "data/fetch/digest.h"

namespace mill::image {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void nobody(uint64_t, uint64_t) {}

Image image_of(const fs::path& source, const std::string& text) {
  Layer program, model;
  program.add_text("etc/passwd", text);
  program.add_folder("tmp", {01777, 0});
  REQUIRE(model.add_file("srv/model", source));
  return {.tag = "tiny:1.0.0",
          .architecture = "amd64",
          .config = {.user = "65532:65532",
                     .folder = "/",
                     .entry_point = {"/bin/serve", "model"},
                     .environment = {"PATH=/bin"},
                     .ports = {"8080/tcp"},
                     .health_check = {"/bin/health"},
                     .labels = {{"name", "tiny"}}},
          .layers = {{"the program", program}, {"the model", model}}};
}

struct Fixture {
  fs::path folder = test_data::empty_folder("layout"), source = folder / "model";
  Fixture() { std::ofstream(source) << std::string(1000, 'w'); }
  std::string write(const std::string& out, const std::string& text = "root") {
    const auto digest = write_image(image_of(source, text), folder / out, nobody);
    REQUIRE(digest);
    return *digest;
  }
};

TEST_CASE_FIXTURE(Fixture,
                  "Every blob is named by its digest, and the index leads to all of them") {
  const std::string digest = write("one");
  const fs::path blobs = folder / "one/blobs/sha256";
  size_t count = 0;
  for (const auto& blob : fs::directory_iterator(blobs)) {
    CHECK(fetch::sha256_of(blob.path()).value() == blob.path().filename());
    ++count;
  }
  CHECK(count == 4);
  const Json index = Json::parse(read(folder / "one/index.json"));
  CHECK(index["manifests"][0]["digest"] == "sha256:" + digest);
  CHECK(index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"] == "tiny:1.0.0");
  const Json manifest = Json::parse(read(blobs / digest));
  const std::string config_digest = manifest["config"]["digest"];
  const Json config = Json::parse(read(blobs / config_digest.substr(7)));
  CHECK(config["config"]["User"] == "65532:65532");
  CHECK(config["config"]["Healthcheck"]["Test"] == Json{"CMD", "/bin/health"});
  for (size_t i = 0; i < 2; ++i) {
    CHECK(manifest["layers"][i]["digest"] == config["rootfs"]["diff_ids"][i]);
    const std::string name = manifest["layers"][i]["digest"];
    CHECK(manifest["layers"][i]["size"] == fs::file_size(blobs / name.substr(7)));
  }
}

TEST_CASE_FIXTURE(Fixture, "The same content is the same image, as a folder and as a file") {
  const std::string digest = write("one");
  fs::last_write_time(source, fs::file_time_type::clock::now() - std::chrono::hours(1));
  CHECK(write("two") == digest);
  CHECK(write("one.tar") == digest);
  CHECK(write("two.tar") == digest);
  CHECK(read(folder / "one.tar") == read(folder / "two.tar"));
  CHECK(write("three", "another") != digest);
}

TEST_CASE_FIXTURE(Fixture, "What is there is not overwritten, and what fails leaves nothing") {
  write("one");
  write("one.tar");
  CHECK_FALSE(write_image(image_of(source, ""), folder / "one", nobody));
  CHECK_FALSE(write_image(image_of(source, ""), folder / "one.tar", nobody));
  const Image image = image_of(source, "");
  fs::resize_file(source, 999);
  for (const char* out : {"bad", "bad.tar"}) {
    const auto failed = write_image(image, folder / out, nobody);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().message.find("shorter by 1000") != std::string::npos);
  }
  for (const auto& entry : fs::directory_iterator(folder))
    CHECK(entry.path().filename().string().find("bad") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "A file that changes between the digest and the writing is told") {
  const Image image = image_of(source, "");
  const auto change = [&](uint64_t, uint64_t) { std::ofstream(source) << std::string(1000, 'x'); };
  const auto failed = write_image(image, folder / "changed", change);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message.find("changed while") != std::string::npos);
}

TEST_CASE("The names that registries take") {
  for (const char* good : {"a", "smollm2:1.0.0", "acme/mill/a-b:V_1", "a.b_c__d---e", "x:_"}) {
    CAPTURE(good);
    CHECK(check_tag(good));
  }
  for (const char* bad : {"", "A", "a:", "a:.1", "a:b:c", "a//b", "/a", "a/", "-a", "a-", "a..b",
                          "a._b", "a:b c", "a___b"}) {
    CAPTURE(bad);
    CHECK_FALSE(check_tag(bad));
  }
  CHECK(check_tag("a:" + std::string(128, 'v')));
  CHECK_FALSE(check_tag("a:" + std::string(129, 'v')));
}

}  // namespace
}  // namespace mill::image
