#include <fmt/core.h>

#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "apps/command.h"
#include "apps/generate_text.h"
#include "apps/open_engine.h"
#include "apps/structure_options.h"

namespace mill::apps {
namespace {

struct CompleteOptions {
  ModelOptions model;
  SamplingFlags sampling;
  std::string prompt = "-";
  StructureFlags structure;
  bool json = false;
};

void print_now(std::string_view text) {
  fmt::print("{}", text);
  std::fflush(stdout);
}

Result<void> complete(const CompleteOptions& options) {
  std::string prompt = options.prompt;
  if (prompt == "-") prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
  TRY_ASSIGN(const grammar::GrammarPtr grammar, grammar_for(options.structure));
  TRY_ASSIGN(const auto model, open_engine(options.model));
  TRY_ASSIGN(llm::GenerateRequest request,
             request_for(model->encode(prompt, {}), options.sampling));
  request.grammar = grammar;
  TRY_ASSIGN(const Generated answer,
             generate(*model, std::move(request), [&](std::string_view text) {
               if (!options.json) print_now(text);
             }));
  fmt::print("{}\n", options.json ? generated_json(answer) : "");
  if (answer.finish == llm::FinishReason::cancelled)
    return fail(ErrorKind::cancelled, "interrupted");
  return {};
}

}  // namespace

Run add_complete(CLI::App& command) {
  auto options = std::make_shared<CompleteOptions>();
  add_model_options(command, options->model);
  command.add_option("-p,--prompt", options->prompt,
                     "The text to continue; - = standard input [-]");
  add_sampling_options(command, options->sampling);
  add_structure_options(command, options->structure);
  command.add_flag("--json", options->json, "Print one JSON object");
  return [options] { return complete(*options); };
}

}  // namespace mill::apps
