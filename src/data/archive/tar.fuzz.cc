// Whatever the block, it is an error, or a header that is written and read as the same.

#include "data/archive/tar.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view block(reinterpret_cast<const char*>(data), size);
  const auto header = mill::archive::read_tar_header(block);
  if (!header || header->kind == mill::archive::TarKind::other) return 0;
  const auto written = mill::archive::tar_header(*header);
  if (!written) return 0;  // a path that was split elsewhere
  const auto again = mill::archive::read_tar_header(*written);
  if (!again || again->path != header->path || again->bytes != header->bytes) std::abort();
  return 0;
}
