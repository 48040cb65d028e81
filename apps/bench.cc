#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/bench_cases.h"
#include "apps/bench_peer.h"
#include "apps/command.h"
#include "apps/made_model.h"
#include "apps/model_store.h"
#include "llm/open_runner.h"

namespace mill::apps {
namespace {

struct BenchOptions {
  std::string model, versus, peer, shape, quant;
  unsigned threads = 0;
  int rounds = 5;
  bool json = false, quick = false;
};

// One case's figures, a round each.
struct Figures {
  BenchCase bench;
  std::vector<double> ours, theirs;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0.0 : values[values.size() / 2];
}

// Round by round, so that a machine that grows slower does so for both.
std::vector<double> ratios(const Figures& f) {
  std::vector<double> all;
  for (size_t i = 0; i < std::min(f.ours.size(), f.theirs.size()); ++i)
    all.push_back(f.ours[i] / f.theirs[i]);
  return all;
}

size_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<size_t>(usage.ru_maxrss) * 1024;
}

struct Bench {
  const BenchOptions& options;
  std::shared_ptr<const llm::ModelDescription> model;
  std::string path;
  std::unique_ptr<llm::Runner> runner;
  const kernels::Ops* ops = nullptr;
  unsigned threads = 0;
  size_t peak_memory_bytes = 0;  // of the cases, before the limits are measured
};

Result<Bench> open_bench(const BenchOptions& options) {
  TRY_ASSIGN(const auto path, resolve_model(options.model));
  TRY_ASSIGN(ModelFile file, open_model_file(path));
  TRY_ASSIGN(llm::ModelDescription description,
             llm::describe_model(std::make_shared<ModelFile>(std::move(file))));
  const auto model = std::make_shared<const llm::ModelDescription>(std::move(description));
  Bench bench{.options = options, .model = model, .path = path.string(), .runner = nullptr};
  bench.threads = Team(options.threads).size();
  TRY_ASSIGN(bench.ops, kernels::choose_ops());
  TRY_ASSIGN(bench.runner,
             llm::open_runner(
                 model, {.threads = bench.threads, .context_tokens = 1024, .kv_tokens = 4096}));
  return bench;
}

Result<std::vector<Figures>> measure(Bench& bench, const Peer* peer) {
  const std::vector<BenchCase> cases = bench_cases(bench.options.quick);
  std::vector<Figures> figures;
  for (const BenchCase& c : cases) figures.push_back({c, {}, {}});
  for (Figures& f : figures) run_case(*bench.runner, f.bench);  // warm-up
  const int rounds = bench.options.quick ? std::min(bench.options.rounds, 2) : bench.options.rounds;
  for (int round = 0; round < rounds; ++round) {
    if (!bench.options.json) fmt::print(stderr, "round {} of {}\n", round + 1, rounds);
    for (Figures& f : figures) f.ours.push_back(run_case(*bench.runner, f.bench));
    if (peer == nullptr) continue;
    const PeerJob job{bench.path, bench.threads, cases[0].prompt, cases[1].answer};
    TRY_ASSIGN(const auto rates, run_peer(*peer, job));
    for (Figures& f : figures) {
      if (const auto it = rates.find(f.bench.name); it != rates.end())
        f.theirs.push_back(it->second);
    }
  }
  return figures;
}

nlohmann::ordered_json row_of(const Bench& bench, const Figures& f, const Limits& limits,
                              const Peer* peer) {
  const Needs needs = needs_of(*bench.model, f.bench);
  const double rate = median(f.ours);
  const auto [least, most] = std::minmax_element(f.ours.begin(), f.ours.end());
  nlohmann::ordered_json row = {{"case", f.bench.name},
                                {"tokens_per_s", rate},
                                {"limit_share", limit_share(needs, limits, f.bench, rate)},
                                {"tokens_per_s_min", *least},
                                {"tokens_per_s_max", *most},
                                {"bytes", needs.bytes},
                                {"operations", needs.operations},
                                {"read_bytes_per_s", limits.read_bytes_per_s},
                                {limits.kind + "_ops_per_s", limits.operations_per_s},
                                {"isa", bench.ops->name},
                                {"threads", bench.threads},
                                {"peak_memory_bytes", bench.peak_memory_bytes}};
  const std::vector<double> all = ratios(f);
  if (peer != nullptr && !all.empty()) {
    row["peer"] = peer->version;
    row["peer_tokens_per_s"] = median(f.theirs);
    row["ratio"] = median(all);
    row["ratio_min"] = *std::min_element(all.begin(), all.end());
    row["ratio_max"] = *std::max_element(all.begin(), all.end());
  }
  return row;
}

void print_table(const Bench& bench, const std::vector<nlohmann::ordered_json>& rows,
                 const Limits& limits) {
  fmt::print("{}, {}, {} threads; limits: {:.1f} GB/s read, {:.0f} G {} operations/s\n", bench.path,
             bench.ops->name, bench.threads, limits.read_bytes_per_s / 1e9,
             limits.operations_per_s / 1e9, limits.kind);
  fmt::print("{:<14}{:>12}{:>12}{:>14}{:>9}", "case", "tokens/s", "GB", "G operations", "limit");
  fmt::print("{}\n", bench.options.versus.empty() ? "" : "        peer   ratio (min–max)");
  for (const auto& row : rows) {
    fmt::print("{:<14}{:>12.1f}{:>12.2f}{:>14.1f}{:>8.0f}%", row["case"].get<std::string>(),
               row["tokens_per_s"].get<double>(), row["bytes"].get<double>() / 1e9,
               row["operations"].get<double>() / 1e9, 100 * row["limit_share"].get<double>());
    if (row.contains("ratio"))
      fmt::print("{:>12.1f}   {:.2f} ({:.2f}–{:.2f})", row["peer_tokens_per_s"].get<double>(),
                 row["ratio"].get<double>(), row["ratio_min"].get<double>(),
                 row["ratio_max"].get<double>());
    fmt::print("\n");
  }
  fmt::print("peak memory {} MiB\n", bench.peak_memory_bytes >> 20);
}

Result<void> bench_model(const BenchOptions& options) {
  if (!options.versus.empty() && options.versus != "llama.cpp")
    return fail(ErrorKind::invalid, "--vs {}: the peer that there is, is llama.cpp",
                options.versus);
  std::unique_ptr<Peer> peer;
  if (!options.versus.empty()) {
    TRY_ASSIGN(Peer found, find_llama_cpp(options.peer));
    peer = std::make_unique<Peer>(std::move(found));
  }
  TRY_ASSIGN(Bench bench, open_bench(options));
  TRY_ASSIGN(const auto figures, measure(bench, peer.get()));
  bench.peak_memory_bytes = peak_memory();
  const Limits limits = measure_limits(bench.threads, *bench.ops, *bench.model);
  std::vector<nlohmann::ordered_json> rows;
  for (const Figures& f : figures) rows.push_back(row_of(bench, f, limits, peer.get()));
  if (options.json) {
    for (const auto& row : rows) fmt::print("{}\n", row.dump());
  } else {
    print_table(bench, rows, limits);
  }
  return {};
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
  command.add_option("model", options->model,
                     "A model's name or path [default]; with --make-model, the file to write");
  command.add_option("--threads", options->threads, "Threads; 0 = one for each processor");
  command.add_option("--rounds", options->rounds, "Runs of each case [5]")
      ->check(CLI::Range(1, 1000));
  command.add_option("--vs", options->versus, "Run a peer in turn with us: llama.cpp");
  command.add_option("--peer", options->peer,
                     "The peer's llama-bench, or a Python that has llama-cpp-python");
  command.add_flag("--quick", options->quick, "Fewer and shorter runs, done within 40 s");
  command.add_flag("--json", options->json, "Print one JSON object a line");
  command.add_option("--make-model", options->shape,
                     "Write a model with random weights instead: " + made_shape_names());
  command.add_option("--quant", options->quant, "Its format: " + made_quant_names());
  return [options] {
    return options->shape.empty() ? bench_model(*options) : make_bench_model(*options);
  };
}

}  // namespace mill::apps
