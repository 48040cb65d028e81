#include "data/fetch/hub.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "data/fetch/http.h"

// What a hub answers: its listing, whose names become paths, and a header that becomes an offset.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)mill::fetch::parse_content_range(text);
  (void)mill::fetch::parse_hub_name(text);
  const auto listing = mill::fetch::parse_listing(text);
  if (!listing) return 0;
  const auto files = mill::fetch::choose_files(listing->files);
  if (!files) return 0;
  for (const auto& file : *files)
    ASSERT(file.front() != '/' && file.find("..") != 0 && file.find("/.") == file.npos, file);
  return 0;
}
