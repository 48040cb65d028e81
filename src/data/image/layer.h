#pragma once
// A layer of a container image: a tar of what is to be in the root file system. It is written as it
// is, without compression: weights hardly shrink, and the bytes of a layer then depend on nothing
// but its content.

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "base/error.h"

namespace mill::image {

// Takes the bytes as they come; its error stops the writing and becomes the result.
using Sink = std::function<Result<void>(std::span<const std::byte>)>;

struct Access {
  uint32_t mode = 0644, owner = 0;
};

class Layer {
 public:
  // Paths are below the root ("usr/bin/tokenmill"); the folders above them appear by themselves,
  // with mode 0755. The file is read when the layer is written, and must have its length still.
  Result<void> add_file(const std::string& path, const std::filesystem::path& source, Access = {});
  void add_text(const std::string& path, std::string text);
  void add_folder(const std::string& path, Access = {0755, 0});

  Result<void> write(const Sink&) const;
  uint64_t bytes() const;  // of its files

 private:
  struct Entry {
    Access access;
    uint64_t bytes = 0;
    std::filesystem::path source{};  // empty: `text` is the content
    std::string text{};
  };
  void add_parents(const std::string& path);
  Result<void> write_source(const Entry&, const Sink&) const;
  std::map<std::string, Entry> entries_;  // by path, so parents come first; folders end in '/'
};

}  // namespace mill::image
