#include "apps/models_folder.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/scratch_folder.h"

namespace mill::apps {
namespace fs = std::filesystem;

TEST_CASE("models are found below their folder, and nothing else is") {
  const fs::path scratch = test_data::empty_folder("models_folder");
  const fs::path folder = scratch / "models";
  fs::create_directories(folder / "org" / "repo");
  std::ofstream(folder / "a.gguf") << "a";
  std::ofstream(folder / "org" / "repo" / "config.json") << "{}";
  std::ofstream(scratch / "secret.gguf") << "s";
  fs::create_symlink(scratch / "secret.gguf", folder / "link.gguf");
  fs::create_symlink("a.gguf", folder / "inner.gguf");
  CHECK(model_within(folder, "a.gguf").value() == fs::canonical(folder / "a.gguf"));
  CHECK(model_within(folder, "org/repo").value() == fs::canonical(folder / "org/repo"));
  CHECK(model_within(folder, "./org/../a.gguf").has_value());
  CHECK(model_within(folder, "inner.gguf").value() == fs::canonical(folder / "a.gguf"));
  const std::string absolute = (scratch / "secret.gguf").string();
  const std::string zero("a.gguf\0x", 8);
  for (const std::string& name :
       {std::string("../secret.gguf"), absolute, std::string("link.gguf"), std::string("."),
        std::string(""), std::string("org/../.."), std::string("b.gguf"), zero}) {
    CAPTURE(name);
    const auto found = model_within(folder, name);
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().kind == ErrorKind::not_found);
    CHECK(found.error().message.find(folder.string()) == std::string::npos);
  }
  CHECK_FALSE(model_within(scratch / "nowhere", "a.gguf").has_value());

  fs::create_directories(folder / "package");
  std::ofstream(folder / "package" / "manifest.yaml") << "name: a";
  std::ofstream(folder / "package" / "model.gguf") << "aa";
  std::string names;
  for (const StoredModel& it : models_in(folder))
    names += fmt::format("{} {}, ", it.name, it.bytes);
  CHECK(names == "a.gguf 1, inner.gguf 1, org/repo 2, package 9, ");
  CHECK(models_in(scratch / "nowhere").empty());
}

TEST_CASE("what cannot be opened is told without the folder's path") {
  const fs::path folder = fs::canonical(test_data::empty_folder("models_folder"));
  std::ofstream(folder / "bad.gguf") << "this is no model";
  const operations::Loading loading =
      loading_from(folder.string(), {}, SharedMeter([] { return 0.0; }));
  const auto opened = loading.open({.model = "bad.gguf", .id = "", .kv_memory = ""});
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().message.find("bad.gguf") != std::string::npos);
  CHECK(opened.error().message.find(folder.string()) == std::string::npos);
  CHECK(loading_from("", {}, SharedMeter([] { return 0.0; })).open == nullptr);
}

TEST_CASE("several readers of a meter have all of it together, and nothing twice") {
  double drawn = 100;
  const SharedMeter shared([&] { return drawn; });
  const llm::Joules one = shared.for_one(), two = shared.for_one();
  drawn += 5;
  CHECK(one() == 5);
  CHECK(two() == 0);
  drawn += 2;
  CHECK(two() == 2);
  drawn += 1;
  CHECK(one() + two() == 8);
}

}  // namespace mill::apps
