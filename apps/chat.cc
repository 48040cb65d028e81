#include <fmt/core.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>

#include "apps/command.h"
#include "apps/generate_text.h"
#include "apps/open_engine.h"

namespace mill::apps {
namespace {

using Json = nlohmann::ordered_json;

struct ChatOptions {
  ModelOptions model;
  SamplingFlags sampling;
  std::string system, prompt;
  bool json = false;
};

constexpr const char* kHelp =
    "/reset begins anew, /system TEXT sets the model's instructions, /exit (or Ctrl-D) leaves;\n"
    "Ctrl-C ends an answer that has gone on for long enough.\n";

void print_now(std::string_view text) {
  fmt::print("{}", text);
  std::fflush(stdout);
}

Json opening(const std::string& system) {
  Json messages = Json::array();
  if (!system.empty()) messages.push_back({{"role", "system"}, {"content", system}});
  return messages;
}

Result<Generated> answer(service::ServedModel& model, const Json& messages,
                         const ChatOptions& options) {
  TRY_ASSIGN(const std::string text,
             model.render({{"messages", messages}, {"add_generation_prompt", true}}));
  TRY_ASSIGN(llm::GenerateRequest request,
             request_for(model.encode(text, {.add_special = false}), options.sampling));
  return generate(model, std::move(request), [&](std::string_view piece) {
    if (!options.json) print_now(piece);
  });
}

Result<void> ask_once(service::ServedModel& model, const ChatOptions& options) {
  Json messages = opening(options.system);
  messages.push_back({{"role", "user"}, {"content", options.prompt}});
  TRY_ASSIGN(const Generated said, answer(model, messages, options));
  fmt::print("{}\n", options.json ? generated_json(said) : "");
  if (said.finish == llm::FinishReason::cancelled) return fail(ErrorKind::cancelled, "interrupted");
  return {};
}

// One line of the user's. False if it was to leave.
bool take_line(const std::string& line, Json& messages, service::ServedModel& model,
               ChatOptions& options) {
  if (line == "/exit" || line == "/quit") return false;
  if (line.starts_with("/system ")) options.system = line.substr(8);
  if (line == "/reset" || line.starts_with("/system ")) {
    messages = opening(options.system);
    return true;
  }
  if (line.starts_with('/')) {
    print_now(kHelp);
    return true;
  }
  messages.push_back({{"role", "user"}, {"content", line}});
  const auto said = answer(model, messages, options);
  if (said) {
    print_now(options.json ? generated_json(*said) + "\n" : "\n");
    messages.push_back({{"role", "assistant"}, {"content", said->text}});
  } else {  // the conversation goes on as if this had not been asked
    fmt::print(stderr, "{}\n", said.error().message);
    messages.erase(messages.size() - 1);
  }
  return true;
}

Result<void> converse(service::ServedModel& model, ChatOptions& options) {
  const bool terminal = isatty(STDIN_FILENO) != 0;
  if (terminal) fmt::print("{}. {}\n", model.info().id, kHelp);
  Json messages = opening(options.system);
  for (std::string line;;) {
    if (terminal) print_now("> ");
    if (!std::getline(std::cin, line)) break;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (!take_line(line, messages, model, options)) return {};
  }
  if (terminal) print_now("\n");
  return {};
}

}  // namespace

Run add_chat(CLI::App& command) {
  auto options = std::make_shared<ChatOptions>();
  add_model_options(command, options->model);
  command.add_option("-p,--prompt", options->prompt, "Ask this, print the answer, and leave");
  command.add_option("--system", options->system, "Instructions to the model");
  add_sampling_options(command, options->sampling);
  command.add_flag("--json", options->json, "Print each answer as one JSON object");
  return [options]() -> Result<void> {
    TRY_ASSIGN(const auto model, open_engine(options->model));
    return options->prompt.empty() ? converse(*model, *options) : ask_once(*model, *options);
  };
}

}  // namespace mill::apps
