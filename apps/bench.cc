#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <thread>

#include "apps/bench_cases.h"
#include "apps/bench_needs.h"
#include "apps/bench_peer.h"
#include "apps/bench_reason.h"
#include "apps/bench_report.h"
#include "apps/bench_serve.h"
#include "apps/bench_start.h"
#include "apps/command.h"
#include "apps/made_model.h"
#include "apps/model_store.h"
#include "llm/open_runner.h"
#include "llm/transformer/model.h"

namespace mill::apps {
namespace {

struct BenchOptions {
  std::string model, cases, versus, peer, save;
  std::string shape, quant;  // of a model to make
  unsigned threads = 0;
  int rounds = 5;
  bool json = false, quick = false;
};

struct Bench {
  const BenchOptions& options;
  std::shared_ptr<const llm::ModelDescription> model;
  BenchReport report;
  std::unique_ptr<Peer> peer;  // null where there is none

  void say(const std::string& what) const {
    if (!options.json) fmt::print(stderr, "{}\n", what);
  }
};

Result<Bench> open_bench(const BenchOptions& options) {
  Bench bench{.options = options, .model = nullptr, .report = {}, .peer = nullptr};
  TRY_ASSIGN(const auto cases, choose_cases(options.cases, options.quick));
  TRY_ASSIGN(const auto path, resolve_model(options.model));
  BenchReport& report = bench.report;
  report.model = path.string();
  report.threads = Team(options.threads).size();
  if (!options.versus.empty()) {
    TRY_ASSIGN(bench.peer, open_peer(options.versus, options.peer, {report.model, report.threads}));
    report.peer = bench.peer->version();
  }
  TRY_ASSIGN(ModelFile file, open_model_file(path));
  TRY_ASSIGN(llm::ModelDescription description,
             llm::describe_model(std::make_shared<ModelFile>(std::move(file))));
  bench.model = std::make_shared<const llm::ModelDescription>(std::move(description));
  TRY_ASSIGN(const kernels::Ops* ops, kernels::choose_ops());
  report.isa = ops->name;
  report.weights_bytes = llm::packed_model_bytes(*bench.model);
  for (const BenchCase& c : cases)
    report.cases.push_back({.bench = c,
                            .needs = needs_of(*bench.model, c),
                            .ours = {},
                            .theirs = {},
                            .reads = {},
                            .peer_settings = {},
                            .peak_memory_bytes = 0});
  return bench;
}

// The most memory that this process had since the last call (Linux,
// Documentation/filesystems/proc).
size_t peak_memory_since() {
  size_t kilobytes = 0;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) kilobytes = std::stoul(line.substr(6));
  std::ofstream("/proc/self/clear_refs") << "5\n";
  return kilobytes * 1024;
}

using OurRun = std::function<Result<double>(CaseReport&)>;

// A peer's threads may spin for a while after its work, in case that more comes (OpenMP: 0.2 s).
Result<void> run_peer(Peer& peer, CaseReport& c, bool keep) {
  TRY_ASSIGN(const std::optional<PeerFigure> figure, peer.run(c.bench));
  if (!figure) return {};
  if (keep) c.theirs.push_back(figure->tokens_per_s);
  c.peer_settings = figure->settings;
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  return {};
}

// A start is measured in a child, whose peak of memory is at least ours: no buffer for it.
Result<void> keep_round(const Bench& bench, CaseReport& c, double tokens_per_s) {
  c.ours.push_back(tokens_per_s);
  if (c.bench.is_start()) return {};
  TRY_ASSIGN(const double read, measure_reads_now(bench.report.threads, *bench.model));
  c.reads.push_back(read);
  return {};
}

// In turn, ours and theirs: a warm-up, then the rounds.
Result<void> run_rounds(Bench& bench, std::vector<CaseReport*> cases, const OurRun& run_ours) {
  const int rounds = bench.options.quick ? std::min(bench.options.rounds, 2) : bench.options.rounds;
  for (int round = 0; round <= rounds; ++round) {
    if (!cases.empty())
      bench.say(round == 0 ? "warm-up" : fmt::format("round {} of {}", round, rounds));
    for (CaseReport* c : cases) {
      TRY_ASSIGN(const double ours, run_ours(*c));
      if (round > 0) TRY(keep_round(bench, *c, ours));
      if (bench.peer) TRY(run_peer(*bench.peer, *c, round > 0));
    }
  }
  return {};
}

// The cases that one opened model serves: those with the same format of keys and values.
Result<void> measure_runner(Bench& bench, kernels::KvType kv) {
  std::vector<CaseReport*> reports;
  std::vector<BenchCase> cases;
  for (CaseReport& c : bench.report.cases) {
    if (c.bench.is_start() || c.bench.kv != kv) continue;
    reports.push_back(&c);
    cases.push_back(c.bench);
  }
  if (cases.empty()) return {};
  uint32_t length = 0, depth = 0;
  for (const BenchCase& c : cases) {
    length = std::max(length, c.length());
    depth = std::max(depth, c.depth);
  }
  peak_memory_since();
  TRY_ASSIGN(const auto runner,
             llm::open_runner(bench.model, {.threads = bench.report.threads,
                                            .context_tokens = length,
                                            .kv_tokens = blocks_of(cases) * llm::kBlockTokens,
                                            .kv_type = kv}));
  if (depth > 0) bench.say(fmt::format("filling the cache with {} tokens", depth));
  fill_cache(*runner, depth);
  size_t peak = peak_memory_since();
  TRY(run_rounds(bench, reports, [&](CaseReport& c) -> Result<double> {
    peak_memory_since();
    const double rate = run_case(*runner, c.bench);
    peak = std::max(peak, peak_memory_since());
    return rate;
  }));
  for (CaseReport* c : reports) c->peak_memory_bytes = peak;
  return {};
}

Result<void> measure_starts(Bench& bench) {
  std::vector<CaseReport*> reports;
  for (CaseReport& c : bench.report.cases)
    if (c.bench.is_start()) reports.push_back(&c);
  return run_rounds(bench, reports, [&](CaseReport& c) -> Result<double> {
    TRY_ASSIGN(const Start start, measure_start(bench.report.model, bench.report.threads));
    c.peak_memory_bytes = std::max(c.peak_memory_bytes, start.peak_memory_bytes);
    return 1 / start.seconds;
  });
}

Result<void> bench_model(const BenchOptions& options) {
  TRY_ASSIGN(Bench bench, open_bench(options));
  TRY(measure_starts(bench));  // first: a child's peak of memory is at least its parent's
  TRY(measure_runner(bench, kernels::KvType::f16));
  TRY(measure_runner(bench, kernels::KvType::q8));
  bench.peer.reset();
  TRY_ASSIGN(bench.report.limits, measure_limits(bench.report.threads, *bench.model));
  if (options.json) {
    for (const CaseReport& c : bench.report.cases)
      fmt::print("{}\n", row_of(bench.report, c).dump());
  } else {
    fmt::print("{}", table_of(bench.report));
  }
  return options.save.empty() ? Result<void>{} : save_report(bench.report, options.save);
}

Result<void> make_bench_model(const BenchOptions& options) {
  if (options.model.empty())
    return fail(ErrorKind::invalid,
                "--make-model needs the file to write: bench --make-model {} "
                "--quant q8_0 OUT.gguf",
                options.shape);
  TRY_ASSIGN(const MadeModelSize size, make_model({options.shape, options.quant, options.model}));
  fmt::print("{}: {:.2f} GB, {:.2f} G parameters, {:.2f} bits each\n", options.model,
             static_cast<double>(size.bytes) / 1e9, static_cast<double>(size.parameters) / 1e9,
             8 * static_cast<double>(size.bytes) / static_cast<double>(size.parameters));
  return {};
}

}  // namespace

Run add_bench(CLI::App& command) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* serve = command.add_subcommand("serve", "Measure a server under many clients");
  const Run run_serve = add_bench_serve(*serve);
  CLI::App* reason = command.add_subcommand("reason", "Measure several paths from one prompt");
  const Run run_reason = add_bench_reason(*reason);
  command.add_option("model", options->model,
                     "A model's name or path [default]; with --make-model, the file to write");
  command.add_option("--case", options->cases,
                     "Cases between commas, e.g. decode_1,prefill_*, or all [those without long "
                     "contexts]");
  command.add_option("--threads", options->threads, "Threads; 0 = one for each processor");
  command.add_option("--rounds", options->rounds, "Runs of each case [5]")
      ->check(CLI::Range(1, 1000));
  command.add_option("--vs", options->versus, "Run a peer in turn with us: " + peer_names());
  command.add_option("--peer", options->peer,
                     "A Python with llama-cpp-python, a folder with include/llama.h and "
                     "lib/libllama.so, or a llama-bench");
  command.add_flag("--quick", options->quick, "Fewer and shorter runs, done within 40 s");
  command.add_flag("--json", options->json, "Print one JSON object a line");
  command.add_option("--save", options->save, "Add what was found to this Markdown file");
  command.add_option("--make-model", options->shape,
                     "Write a model with random weights instead: " + made_shape_names());
  command.add_option("--quant", options->quant, "Its format: " + made_quant_names());
  return [options, serve, run_serve, reason, run_reason] {
    if (serve->parsed()) return run_serve();
    if (reason->parsed()) return run_reason();
    return options->shape.empty() ? bench_model(*options) : make_bench_model(*options);
  };
}

}  // namespace mill::apps
