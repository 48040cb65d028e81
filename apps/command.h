#pragma once
// The subcommands of `tokenmill`: one file and one row of the table (apps/main.cc) each.

#include <CLI/CLI.hpp>

#include "base/error.h"

namespace mill::apps {

// What a subcommand does when it is chosen. An Error is printed as one sentence on standard error
// and becomes the exit code of its kind (base/error.h).
using Run = std::function<Result<void>()>;

struct Command {
  const char* name;
  const char* summary;            // one line, for `tokenmill --help`
  Run (*add)(CLI::App& command);  // declares its options; the Run reads them once parsed
};

Run add_bench(CLI::App&);
Run add_bill(CLI::App&);
Run add_chat(CLI::App&);
Run add_complete(CLI::App&);
Run add_eval(CLI::App&);
Run add_health(CLI::App&);
Run add_keys(CLI::App&);
Run add_models(CLI::App&);
Run add_package(CLI::App&);
Run add_perplexity(CLI::App&);
Run add_pull(CLI::App&);
Run add_quantize(CLI::App&);
Run add_receipts(CLI::App&);
Run add_serve(CLI::App&);
Run add_teach(CLI::App&);
Run add_tokenize(CLI::App&);
Run add_verify(CLI::App&);
Run add_version(CLI::App&);

}  // namespace mill::apps
