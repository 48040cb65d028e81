#include "data/fetch/python_package.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"

// What the text files of a package can say. The requirements become arguments of pip, so none may
// look like an option.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& spec : mill::fetch::family_requirements(text, "a"))
    ASSERT(spec.front() != '-' && mill::fetch::check_package_name(spec).has_value(), spec);
  for (const auto& [file, digest] : mill::fetch::read_checksums(text))
    ASSERT(digest.size() == 64, digest.size());
  return 0;
}
