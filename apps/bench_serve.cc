#include "apps/bench_serve.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>
#include <thread>

#include "apps/load_report.h"
#include "apps/load_server.h"
#include "apps/model_store.h"
#include "data/model_file.h"
#include "data/tokenizer/tokenizer.h"

namespace mill::apps {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kRequestsEach = 10;   // of a client, if nothing else is asked for
constexpr double kOpenLoopSeconds = 60;  // the same for arrivals
constexpr uint32_t kOpenLoopSlots = 64;  // {clients} where there is no such number
constexpr uint32_t kSpareConnections = 256;

struct ServeBenchOptions {
  std::string model, server, versus, serve_options, model_id = "default", api_key;
  std::vector<uint32_t> clients = {16, 64};
  std::string trace, prompt = "32-512", answer = "16-128";
  double rate = 0;
  LoadCase load;  // what holds for all cases
  double seconds = 0;
  uint64_t requests = 0;
  uint32_t threads = 0, rounds = 1;
  bool json = false;
};

// A server that listens already, or a command that starts one.
struct Side {
  std::string name, url, command;
};

struct ServeBench {
  const ServeBenchOptions& options;
  fs::path scratch;                 // port file and logs
  std::string model;                // its path; "" = only the server knows
  nlohmann::ordered_json settings;  // of each request
  Side ours;
  std::optional<Side> peer;
};

// An answer ends where its length says: whoever ends early would have less to do.
Result<nlohmann::ordered_json> settings_for(const std::string& model, const std::string& id) {
  nlohmann::ordered_json settings = {{"model", id},
                                     {"stream", true},
                                     {"stream_options", {{"include_usage", true}}},
                                     {"temperature", 0},
                                     {"ignore_eos", true}};
  if (model.empty()) return settings;
  TRY_ASSIGN(const ModelFile file, open_model_file(model));
  TRY_ASSIGN(const Tokenizer tokenizer, Tokenizer::open(file));
  nlohmann::ordered_json bias = nlohmann::ordered_json::object();
  for (TokenId token = 0; token < static_cast<TokenId>(tokenizer.vocab_size()); ++token) {
    if (tokenizer.ends_generation(token)) bias[std::to_string(token)] = -100;
  }
  if (!bias.empty()) settings["logit_bias"] = std::move(bias);
  return settings;
}

Side side_of(const std::string& where) {
  if (where.starts_with("http://") || where.starts_with("https://"))
    return {.name = where, .url = where, .command = ""};
  const std::string program = where.substr(0, where.find(' '));
  return {.name = fs::path(program).filename().string(), .url = "", .command = where};
}

Result<Side> our_side(const ServeBenchOptions& options, const fs::path& scratch) {
  if (!options.server.empty()) return side_of(options.server);
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return fail(ErrorKind::io, "/proc/self/exe: {}", error.message());
  return Side{
      .name = "tokenmill " TOKENMILL_VERSION,
      .url = "",
      .command = fmt::format("{} serve {{model}} --port 0 --port-file {} --threads "
                             "{{threads}} --parallel {{parallel}} --connections "
                             "{{connections}} {}",
                             shell_quoted(self.string()), shell_quoted((scratch / "port").string()),
                             options.serve_options)};
}

std::vector<LoadCase> cases_of(const ServeBenchOptions& options, std::vector<TraceRow> trace) {
  LoadCase load = options.load;
  if (options.requests > 0) load.requests_max = options.requests;
  if (options.seconds > 0) load.seconds_max = options.seconds;
  const bool bounded = options.requests > 0 || options.seconds > 0;
  if (!trace.empty()) {
    load.name = fmt::format("trace of {}", trace.size());
    load.trace = std::move(trace);
    return {load};
  }
  if (options.rate > 0) {
    load.name = fmt::format("{} requests/s", options.rate);
    load.rate = options.rate;
    if (!bounded) load.seconds_max = kOpenLoopSeconds;
    return {load};
  }
  std::vector<LoadCase> cases;
  for (const uint32_t clients : options.clients) {
    load.name = fmt::format("{} clients", clients);
    load.clients = clients;
    if (!bounded) load.requests_max = uint64_t{kRequestsEach} * clients;
    cases.push_back(load);
  }
  return cases;
}

Result<std::vector<LoadCase>> read_cases(ServeBenchOptions options) {
  TRY_ASSIGN(options.load.plan.prompt_words, parse_range(options.prompt));
  TRY_ASSIGN(options.load.plan.answer_tokens, parse_range(options.answer));
  TRY(options.load.plan.validate());
  std::vector<TraceRow> trace;
  if (!options.trace.empty()) {
    TRY_ASSIGN(trace, read_trace(options.trace));
  }
  return cases_of(options, std::move(trace));
}

// Room for the longest request, with a quarter for words that are two tokens, in blocks of 64.
uint32_t context_of(const LoadCase& load) {
  uint32_t longest = load.plan.prompt_words.most + load.plan.answer_tokens.most;
  for (const TraceRow& row : load.trace)
    longest = std::max(longest, row.prompt_tokens + row.answer_tokens);
  return (longest * 5 / 4 + 64) / 64 * 64;
}

std::map<std::string, std::string> names_for(const ServeBench& bench, const LoadCase& load,
                                             uint16_t port) {
  const uint32_t clients = load.clients > 0 ? load.clients : kOpenLoopSlots;
  const uint32_t threads = bench.options.threads > 0
                               ? bench.options.threads
                               : std::max(1U, std::thread::hardware_concurrency());
  return {{"port", std::to_string(port)},
          {"model", shell_quoted(bench.model)},
          {"threads", std::to_string(threads)},
          {"clients", std::to_string(clients)},
          {"context", std::to_string(uint64_t{clients} * context_of(load))},
          {"parallel", std::to_string(std::max(kOpenLoopSlots, clients))},
          {"connections", std::to_string(load.idle_connections + 2 * clients + kSpareConnections)}};
}

Result<LoadFigures> run_side(const ServeBench& bench, const Side& side, const LoadCase& load) {
  LoadTarget target{.address = {}, .settings = bench.settings, .pid = 0};
  if (!side.url.empty()) {
    TRY_ASSIGN(target.address, address_of(side.url));
    target.address.api_key = bench.options.api_key;
    return run_load(target, load);
  }
  const bool writes_port = side.command.find("{port}") == std::string::npos;
  LoadLaunch launch{.port_file = bench.scratch / "port", .log = bench.scratch / "log"};
  std::error_code ignored;
  fs::remove(launch.port_file, ignored);
  if (!writes_port) {
    TRY_ASSIGN(launch.port, free_port());
  }
  TRY_ASSIGN(launch.command, filled_command(side.command, names_for(bench, load, launch.port)));
  TRY_ASSIGN(LoadServer server, LoadServer::start(launch));
  target.address = server.address();
  target.address.api_key = bench.options.api_key;
  target.pid = server.pid();
  auto figures = run_load(target, load);
  TRY(server.stop());
  return figures;
}

// Before anything runs.
Result<void> check_peer(const ServeBench& bench, const LoadCase& load) {
  if (!bench.peer || !bench.peer->url.empty()) return {};
  if (bench.peer->command.find("{port}") == std::string::npos)
    return fail(ErrorKind::invalid,
                "--vs '{}' says nowhere which port to listen on; write {{port}} there",
                bench.peer->command);
  TRY(filled_command(bench.peer->command, names_for(bench, load, 1)));
  return {};
}

// In turn, ours and the peer's, never both at once.
Result<LoadReport> run_case(const ServeBench& bench, const LoadCase& load) {
  LoadReport report{.name = load.name,
                    .model = bench.model,
                    .server = bench.ours.name,
                    .peer = bench.peer ? bench.peer->name : "",
                    .ours = {},
                    .theirs = {}};
  const auto add = [&](const Side& side, std::vector<LoadFigures>& rounds) -> Result<void> {
    if (!bench.options.json)
      fmt::print(stderr, "{}, round {} of {}: {}\n", load.name, rounds.size() + 1,
                 bench.options.rounds, side.name);
    auto figures = run_side(bench, side, load);
    if (!figures) return within(side.name, figures.error());
    rounds.push_back(std::move(*figures));
    return {};
  };
  for (uint32_t round = 0; round < bench.options.rounds; ++round) {
    TRY(add(bench.ours, report.ours));
    if (bench.peer) TRY(add(*bench.peer, report.theirs));
  }
  return report;
}

// As many sockets as the system lets us have, for a thousand idle connections and their server.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

class Scratch {
 public:
  Scratch() : path_(fs::temp_directory_path() / fmt::format("tokenmill-bench-{}", getpid())) {
    std::error_code ignored;
    fs::create_directories(path_, ignored);
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Result<void> print_report(const ServeBenchOptions& options, const LoadReport& report) {
  if (options.json) {
    for (const auto& row : rows_of(report)) fmt::print("{}\n", row.dump());
  } else {
    fmt::print("{}\n", table_of(report));
  }
  std::fflush(stdout);
  uint64_t failed = 0;
  for (const LoadFigures& figures : report.ours) failed += figures.failed;
  if (failed == 0) return {};
  return fail(ErrorKind::io, "{}: {} requests failed; the first: {}", report.name, failed,
              report.ours.front().complaints.empty() ? "in a later round"
                                                     : report.ours.front().complaints.front());
}

Result<void> bench_serve(const ServeBenchOptions& options) {
  TRY_ASSIGN(const std::vector<LoadCase> cases, read_cases(options));
  const Scratch scratch;
  ServeBench bench{.options = options,
                   .scratch = scratch.path(),
                   .model = "",
                   .settings = {},
                   .ours = {},
                   .peer = {}};
  if (options.server.empty() || !options.model.empty()) {
    TRY_ASSIGN(const fs::path path, resolve_model(options.model));
    bench.model = fs::absolute(path).string();
  }
  TRY_ASSIGN(bench.settings, settings_for(bench.model, options.model_id));
  TRY_ASSIGN(bench.ours, our_side(options, scratch.path()));
  if (!options.versus.empty()) bench.peer = side_of(options.versus);
  TRY(check_peer(bench, cases.front()));
  raise_file_limit();
  for (const LoadCase& load : cases) {
    TRY_ASSIGN(const LoadReport report, run_case(bench, load));
    TRY(print_report(options, report));
  }
  return {};
}

void add_load_options(CLI::App& command, ServeBenchOptions& options) {
  command
      .add_option("--clients", options.clients,
                  "A case each: clients that ask, wait, and ask "
                  "again [16,64]")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096));
  auto* rate = command
                   .add_option("--rate", options.rate,
                               "Instead: so many requests a second, as chance has it")
                   ->check(CLI::Range(0.001, 100'000.0));
  command
      .add_option("--trace", options.trace,
                  "Instead: replay a file of {\"at_ms\", \"prompt_tokens\", \"answer_tokens\"}, "
                  "a JSON object a line")
      ->excludes(rate);
  command.add_option("--requests", options.requests, "End after so many [10 for each client]");
  command.add_option("--duration", options.seconds, "Begin none after so many seconds");
  command
      .add_option("--idle-connections", options.load.idle_connections,
                  "Connections on which nobody speaks [0]")
      ->check(CLI::Range(0, 60'000));
  command.add_option("--prompt-tokens", options.prompt, "Lengths, in words [32-512]");
  command.add_option("--answer-tokens", options.answer, "Lengths [16-128]");
  command.add_option("--shared-prefix", options.load.plan.shared_prefix,
                     "Share of the prompts that begin like others [0.3]");
  command.add_option("--vanish", options.load.plan.vanish,
                     "Share of the requests whose client leaves in the middle [0.1]");
  command.add_option("--seed", options.load.plan.seed, "Of lengths, words and arrivals [1]");
}

}  // namespace

Run add_bench_serve(CLI::App& command) {
  auto options = std::make_shared<ServeBenchOptions>();
  command.add_option("model", options->model, "A model's name or path [default]");
  add_load_options(command, *options);
  command.add_option("--threads", options->threads, "Of each server [one for each processor]");
  command.add_option("--rounds", options->rounds, "Runs of each case [1]")
      ->check(CLI::Range(1, 1000));
  command.add_option("--server", options->server,
                     "Use this one instead of starting `tokenmill serve`: http://HOST:PORT");
  command.add_option("--serve-options", options->serve_options,
                     "More options for `tokenmill serve`: \"--kv-type q8\"");
  command.add_option("--vs", options->versus,
                     "A peer, run in turn with us: http://HOST:PORT, or a command with {port}, "
                     "{model}, {threads}, {clients}, {context} (tokens, of all clients)");
  command.add_option("--model-id", options->model_id, "What requests call the model [default]");
  command.add_option("--api-key", options->api_key, "Shown with each request [none]");
  command.add_flag("--json", options->json, "Print one JSON object a line: a run each");
  return [options] { return bench_serve(*options); };
}

}  // namespace mill::apps
