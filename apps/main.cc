#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/command.h"

namespace mill::apps {
namespace {

constexpr std::array kCommands = {
    Command{"serve", "Serve a model to clients of the OpenAI API", add_serve},
    Command{"chat", "Talk with a model", add_chat},
    Command{"complete", "Continue a text", add_complete},
    Command{"tokenize", "Text to token ids, and back", add_tokenize},
    Command{"perplexity", "Measure how well a model predicts a text", add_perplexity},
    Command{"eval", "Measure how many problems a model solves, by how many answers", add_eval},
    Command{"quantize", "Convert a model file to another number format", add_quantize},
    Command{"teach", "Fine-tune a model with conversations", add_teach},
    Command{"bench", "Measure speed against the machine and against llama.cpp", add_bench},
    Command{"package", "Models that are signed, checked, and choose their settings", add_package},
    Command{"health", "Ask a server whether it is ready", add_health},
    Command{"keys", "Make, list and revoke API keys", add_keys},
    Command{"bill", "Who has used what, and what it costs", add_bill},
    Command{"receipts", "Make the keys that sign receipts of answers", add_receipts},
    Command{"verify", "Check a receipt: make its answer again, and compare", add_verify},
    Command{"models", "List the models that are here", add_models},
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

// CLI11 would say of `tokenmill frobnicate` that a subcommand is required.
bool is_unknown(std::string_view word) {
  return !word.starts_with('-') &&
         std::none_of(kCommands.begin(), kCommands.end(),
                      [word](const Command& row) { return row.name == word; });
}

// CLI11 quotes the words that it does not know: a URL among them may have a password.
std::string without_passwords(const std::string& complaint) {
  std::string out, word;
  for (const char c : complaint + ' ') {
    word += c;
    if (c != ' ' && c != '\n') continue;
    const size_t scheme = word.find("://"), at = word.rfind('@');
    if (scheme != std::string::npos && at != std::string::npos && at > scheme)
      word.replace(scheme + 3, at - scheme - 3, "…");
    out += std::exchange(word, {});
  }
  out.pop_back();
  return out;
}

int run(int argc, char** argv) {
  CLI::App app{"Tokenmill: raw text goes in, tokens come out."};
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, Run>> runs;
  for (const Command& row : kCommands) {
    CLI::App* command = app.add_subcommand(row.name, row.summary);
    runs.emplace_back(command, row.add(*command));
  }
  if (argc > 1 && is_unknown(argv[1])) {
    fmt::print(stderr, "tokenmill: there is no command '{}'; `tokenmill --help` lists them\n",
               argv[1]);
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream complaint;
    const int code = app.exit(error, std::cout, complaint);
    fmt::print(stderr, "{}", without_passwords(complaint.str()));
    return code == 0 ? 0 : 2;
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
