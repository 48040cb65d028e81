// Perplexity as llama.cpp defines it, so that figures can be compared: the text's tokens are cut
// into windows of the context's length, the first token of each is replaced by BOS where the model
// wants one, and the second half of each window's tokens are scored, each given all before it in
// the window. With --base, also the mean Kullback-Leibler divergence of the next-token distribution
// from that of another model (the same weights in float32, say) over the same positions.

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/command.h"
#include "apps/model_store.h"
#include "llm/open_runner.h"

namespace mill::apps {
namespace {

struct PerplexityOptions {
  std::string model, file, base, kv_type = "f16", save;
  uint32_t context = 512, windows = 0;
  unsigned threads = 0;
  bool json = false;
};

constexpr uint32_t kChunk = 256;  // tokens in a step; half of their logits are kept at most

struct Opened {
  std::shared_ptr<const ModelFile> file;
  std::unique_ptr<llm::Runner> runner;
};

Result<Opened> open_for(const std::string& name, const PerplexityOptions& options,
                        kernels::KvType kv_type) {
  TRY_ASSIGN(const auto path, resolve_model(name));
  TRY_ASSIGN(ModelFile opened, open_model_file(path));
  const auto file = std::make_shared<const ModelFile>(std::move(opened));
  TRY_ASSIGN(llm::ModelDescription description, llm::describe_model(file));
  const llm::RunnerOptions runner_options{.threads = options.threads,
                                          .context_tokens = options.context,
                                          .kv_tokens = options.context,
                                          .kv_type = kv_type,
                                          .batch_tokens_max = kChunk};
  TRY_ASSIGN(auto runner,
             llm::open_runner(std::make_shared<llm::ModelDescription>(std::move(description)),
                              runner_options));
  return Opened{file, std::move(runner)};
}

// Logits of the second half of a window: (context/2, vocab), row i predicting token context/2 + i
// + 1.
void score_window(llm::Runner& runner, std::span<const TokenId> window,
                  std::vector<float>& logits) {
  std::vector<llm::BlockId> blocks((window.size() + llm::kBlockTokens - 1) / llm::kBlockTokens);
  for (uint32_t b = 0; b < blocks.size(); ++b) blocks[b] = b;
  const size_t half = window.size() / 2;
  logits.resize((window.size() - half) * runner.vocab_size());
  size_t written = 0;
  for (size_t at = 0; at < window.size();) {
    // Steps end at the half, so that a step's rows are all wanted or none.
    const size_t limit = at < half ? half : window.size();
    const auto part = window.subspan(at, std::min<size_t>(kChunk, limit - at));
    const uint32_t wanted = at < half ? 0 : static_cast<uint32_t>(part.size());
    const llm::BatchPiece piece{part, static_cast<uint32_t>(at), blocks, wanted};
    const size_t count = size_t{wanted} * runner.vocab_size();
    runner.step({&piece, 1}, std::span(logits).subspan(written, count));
    written += count;
    at += part.size();
  }
}

double log_sum_exp(std::span<const float> row) {
  double top = row[0];
  for (float v : row) top = std::max<double>(top, v);
  double sum = 0;
  for (float v : row) sum += std::exp(v - top);
  return top + std::log(sum);
}

// Σ p·(log p − log q)
double divergence(std::span<const float> base, std::span<const float> other) {
  const double base_norm = log_sum_exp(base);
  const double other_norm = log_sum_exp(other);
  double sum = 0;
  for (size_t i = 0; i < base.size(); ++i) {
    const double log_p = base[i] - base_norm;
    sum += std::exp(log_p) * (log_p - (other[i] - other_norm));
  }
  return sum;
}

// Means over all scored tokens so far.
struct Tally {
  double nll = 0, nll_squares = 0, divergence = 0;
  size_t count = 0, same_top = 0;

  double perplexity() const { return std::exp(nll / static_cast<double>(count)); }
  double perplexity_error() const {
    const double n = static_cast<double>(count);
    const double variance = nll_squares / n - (nll / n) * (nll / n);
    return perplexity() * std::sqrt(std::max(0.0, variance) / (n - 1));
  }
};

size_t top_of(std::span<const float> row) {
  return static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

void tally_window(std::span<const TokenId> window, const std::vector<float>& logits,
                  const std::vector<float>& base, Tally& tally) {
  const size_t half = window.size() / 2;
  const size_t vocab = logits.size() / (window.size() - half);
  for (size_t i = 0; half + i + 1 < window.size(); ++i) {
    const auto row = std::span(logits).subspan(i * vocab, vocab);
    const double nll = log_sum_exp(row) - row[static_cast<size_t>(window[half + i + 1])];
    tally.nll += nll;
    tally.nll_squares += nll * nll;
    ++tally.count;
    if (base.empty()) continue;
    const auto base_row = std::span(base).subspan(i * vocab, vocab);
    tally.divergence += divergence(base_row, row);
    tally.same_top += top_of(row) == top_of(base_row) ? 1 : 0;
  }
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::io, "{} cannot be read", path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

nlohmann::ordered_json report(const PerplexityOptions& options, const Tally& tally,
                              size_t windows) {
  nlohmann::ordered_json out = {{"perplexity", tally.perplexity()},
                                {"standard_error", tally.perplexity_error()},
                                {"tokens_scored", tally.count},
                                {"windows", windows},
                                {"context", options.context}};
  if (options.base.empty()) return out;
  out["kl_divergence"] = tally.divergence / static_cast<double>(tally.count);
  out["same_top_token"] = static_cast<double>(tally.same_top) / static_cast<double>(tally.count);
  return out;
}

// One line a window: tokens, then the rows' logits as f32, for a comparison elsewhere.
void save_window(std::ofstream& file, std::span<const TokenId> window,
                 const std::vector<float>& logits) {
  file.write(reinterpret_cast<const char*>(window.data()),
             static_cast<std::streamsize>(window.size_bytes()));
  file.write(reinterpret_cast<const char*>(logits.data()),
             static_cast<std::streamsize>(logits.size() * sizeof(float)));
}

Result<kernels::KvType> kv_type_named(const std::string& name) {
  if (name == "f16") return kernels::KvType::f16;
  if (name == "bf16") return kernels::KvType::bf16;
  if (name == "q8") return kernels::KvType::q8;
  if (name == "f32") return kernels::KvType::f32;
  return fail(ErrorKind::invalid, "--kv-type {}: one of f16, bf16, q8, f32", name);
}

Result<void> measure(const PerplexityOptions& options) {
  TRY_ASSIGN(const std::string text, read_text(options.file));
  TRY_ASSIGN(const kernels::KvType kv_type, kv_type_named(options.kv_type));
  TRY_ASSIGN(const Opened model, open_for(options.model, options, kv_type));
  Opened base;
  if (!options.base.empty()) {
    TRY_ASSIGN(base, open_for(options.base, options, kernels::KvType::f32));
  }
  TRY_ASSIGN(const Tokenizer tokenizer, Tokenizer::open(*model.file));
  std::vector<TokenId> tokens = tokenizer.encode(text, {.parse_special = false});
  const bool starts_with_bos = !tokens.empty() && tokens[0] == tokenizer.bos();
  size_t windows = tokens.size() / options.context;
  if (options.windows > 0) windows = std::min<size_t>(windows, options.windows);
  if (windows == 0)
    return fail(ErrorKind::invalid, "{} has {} tokens, fewer than one window of {}", options.file,
                tokens.size(), options.context);
  std::ofstream saved;
  if (!options.save.empty()) saved.open(options.save, std::ios::binary);
  Tally tally;
  std::vector<float> logits, base_logits;
  for (size_t w = 0; w < windows; ++w) {
    const auto window = std::span(tokens).subspan(w * options.context, options.context);
    if (starts_with_bos) window[0] = tokenizer.bos();
    score_window(*model.runner, window, logits);
    if (base.runner) score_window(*base.runner, window, base_logits);
    tally_window(window, logits, base_logits, tally);
    if (saved.is_open()) save_window(saved, window, logits);
    if (w % 10 == 9) fmt::print(stderr, "{} of {}: {:.4f}\n", w + 1, windows, tally.perplexity());
  }
  if (saved.is_open() && !saved.flush()) return fail(ErrorKind::io, "{}: disk full?", options.save);
  const auto result = report(options, tally, windows);
  if (options.json) {
    fmt::print("{}\n", result.dump());
  } else {
    for (const auto& [key, value] : result.items()) fmt::print("{}: {}\n", key, value.dump());
  }
  return {};
}

}  // namespace

Run add_perplexity(CLI::App& command) {
  auto options = std::make_shared<PerplexityOptions>();
  command.add_option("model", options->model, "A model's name or path [default]");
  command.add_option("--file", options->file, "The text to predict")->required();
  command.add_option("--context", options->context, "Tokens in a window [512]")
      ->check(CLI::Range(8, 131072));
  command.add_option("--windows", options->windows, "Only the first so many windows; 0 = all");
  command.add_option("--base", options->base,
                     "Also measure how far this model's distributions are from that model's");
  command.add_option("--kv-type", options->kv_type, "Cache format: f16, bf16, q8 or f32 [f16]");
  command.add_option("--save-logits", options->save,
                     "Write each window's tokens (i32) and scored rows of logits (f32)");
  command.add_option("--threads", options->threads, "Threads; 0 = one for each processor");
  command.add_flag("--json", options->json, "Print one JSON object");
  return [options] { return measure(*options); };
}

}  // namespace mill::apps
