// Whatever the text, it is an error, or a manifest that is written and read again as it was.

#include "data/package/manifest.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)mill::package::parse_manifest(text, mill::package::Stage::draft);
  const auto manifest = mill::package::parse_manifest(text);
  if (!manifest) return 0;
  const std::string written = mill::package::manifest_text(*manifest);
  const auto again = mill::package::parse_manifest(written);
  if (!again || mill::package::manifest_text(*again) != written) std::abort();
  return 0;
}
