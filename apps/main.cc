#include <fmt/core.h>

#include <array>
#include <vector>

#include "apps/command.h"

namespace mill::apps {
namespace {

constexpr std::array kCommands = {
    Command{"pull", "Fetch a model, and print where it lies", add_pull},
    Command{"version", "Print the version", add_version},
};

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return 2;
    case ErrorKind::not_found:
      return 3;
    case ErrorKind::unsupported:
      return 4;
    case ErrorKind::exhausted:
      return 5;
    case ErrorKind::io:
      return 6;
    case ErrorKind::cancelled:
      return 130;
  }
  return 1;
}

int run(int argc, char** argv) {
  CLI::App app{"Tokenmill: raw text goes in, tokens come out."};
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, Run>> runs;
  for (const Command& row : kCommands) {
    CLI::App* command = app.add_subcommand(row.name, row.summary);
    runs.emplace_back(command, row.add(*command));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  for (const auto& [command, action] : runs) {
    if (!command->parsed()) continue;
    if (const auto result = action(); !result) {
      fmt::print(stderr, "tokenmill {}: {}\n", command->get_name(), result.error().message);
      return exit_code(result.error().kind);
    }
  }
  return 0;
}

}  // namespace
}  // namespace mill::apps

int main(int argc, char** argv) { return mill::apps::run(argc, argv); }
