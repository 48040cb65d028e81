// Whatever the block, it is an error, or a header of a file that lies below the package.

#include "data/package/archive.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view block(reinterpret_cast<const char*>(data), size);
  const auto entry = mill::package::parse_tar_header(block);
  if (entry && (!mill::package::is_safe_path(entry->path) || ("/" + entry->path).contains("/../")))
    std::abort();
  return 0;
}
