#include <fmt/core.h>

#include <memory>

#include "apps/command.h"

namespace mill::apps {

Run add_version(CLI::App& command) {
  auto json = std::make_shared<bool>(false);
  command.add_flag("--json", *json, "Print one JSON object");
  return [json]() -> Result<void> {
    if (*json) {
      fmt::print("{{\"version\": \"{}\"}}\n", TOKENMILL_VERSION);
    } else {
      fmt::print("tokenmill {}\n", TOKENMILL_VERSION);
    }
    return {};
  };
}

}  // namespace mill::apps
