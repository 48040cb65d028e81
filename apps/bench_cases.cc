#include "apps/bench_cases.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

namespace mill::apps {
namespace {

using kernels::KvType;
using llm::BatchPiece;
using llm::BlockId;
using llm::kBlockTokens;

struct Row {
  const char* name;
  uint32_t prompt, answer, streams, depth;
  KvType kv;
};
constexpr uint32_t k8k = 8192, k32k = 32768;
constexpr std::array kCases = {
    Row{"prefill_512", 512, 0, 1, 0, KvType::f16},
    Row{"prefill_2048", 2048, 0, 1, 0, KvType::f16},
    Row{"decode_1", 0, 128, 1, 0, KvType::f16},
    Row{"decode_8", 0, 32, 8, 0, KvType::f16},
    Row{"decode_16", 0, 32, 16, 0, KvType::f16},
    Row{"decode_32", 0, 32, 32, 0, KvType::f16},
    Row{"start", 0, 0, 1, 0, KvType::f16},
    Row{"prefill_8k", 512, 0, 1, k8k, KvType::f16},
    Row{"decode_8k", 0, 32, 1, k8k, KvType::f16},
    Row{"prefill_32k", 512, 0, 1, k32k, KvType::f16},
    Row{"decode_32k", 0, 32, 1, k32k, KvType::f16},
    Row{"prefill_8k_q8", 512, 0, 1, k8k, KvType::q8},
    Row{"decode_8k_q8", 0, 32, 1, k8k, KvType::q8},
    Row{"prefill_32k_q8", 512, 0, 1, k32k, KvType::q8},
    Row{"decode_32k_q8", 0, 32, 1, k32k, KvType::q8},
};
constexpr std::array<std::string_view, 3> kQuickCases = {"prefill_512", "decode_1", "decode_16"};
constexpr uint32_t kChunk = 512;  // tokens of a prompt in one step

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == "all" || pattern == name;
}

std::vector<std::string_view> split_at_commas(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    words.push_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return words;
}

BenchCase case_of(const Row& row, bool quick) {
  BenchCase c{row.name, row.prompt, row.answer, row.streams, row.depth, row.kv};
  if (quick) c.answer /= 4;
  return c;
}

uint32_t blocks_for(uint32_t tokens) { return (tokens + kBlockTokens - 1) / kBlockTokens; }

// Streams with blocks of their own, fed with arbitrary tokens.
struct Streams {
  std::vector<std::vector<TokenId>> tokens;  // those after the depth
  std::vector<std::vector<BlockId>> blocks;
  uint32_t depth;

  Streams(const BenchCase& c, uint32_t vocab)
      : tokens(c.streams), blocks(c.streams), depth(c.depth) {
    BlockId next = 0;
    for (uint32_t s = 0; s < c.streams; ++s) {
      for (uint32_t i = 0; i < c.length() - c.depth; ++i)
        tokens[s].push_back(static_cast<TokenId>((i * 7919 + s * 104729 + 11) % vocab));
      for (uint32_t i = 0; i < blocks_for(c.length()); ++i) blocks[s].push_back(next++);
    }
  }
  std::vector<BatchPiece> pieces(uint32_t at, uint32_t count, uint32_t logits = 1) const {
    std::vector<BatchPiece> all;
    for (size_t s = 0; s < tokens.size(); ++s)
      all.push_back({std::span(tokens[s]).subspan(at, count), depth + at, blocks[s], logits});
    return all;
  }
};

double seconds_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

}  // namespace

Result<std::vector<BenchCase>> choose_cases(const std::string& names, bool quick) {
  std::vector<std::string_view> wanted = split_at_commas(names);
  if (wanted.empty() && quick) wanted.assign(kQuickCases.begin(), kQuickCases.end());
  std::vector<BenchCase> cases;
  for (const Row& row : kCases) {
    const bool chosen =
        wanted.empty() ? row.depth == 0 : std::ranges::any_of(wanted, [&](std::string_view word) {
          return matches(word, row.name);
        });
    if (chosen) cases.push_back(case_of(row, quick));
  }
  for (const std::string_view word : wanted) {
    if (std::ranges::any_of(kCases, [&](const Row& row) { return matches(word, row.name); }))
      continue;
    std::vector<std::string_view> all;
    for (const Row& row : kCases) all.emplace_back(row.name);
    return fail(ErrorKind::invalid, "--case {} does not exist; there are all, {}", word,
                fmt::join(all, ", "));
  }
  return cases;
}

uint32_t blocks_of(std::span<const BenchCase> cases) {
  uint32_t most = 1;
  for (const BenchCase& c : cases) most = std::max(most, c.streams * blocks_for(c.length()));
  return most;
}

void fill_cache(llm::Runner& runner, uint32_t tokens) {
  const Streams stream({.name = "fill", .prompt = kChunk}, runner.vocab_size());
  std::vector<BlockId> blocks(kChunk / kBlockTokens);
  for (uint32_t at = 0; at < tokens; at += kChunk) {
    for (uint32_t i = 0; i < blocks.size(); ++i) blocks[i] = at / kBlockTokens + i;
    const BatchPiece piece{std::span(stream.tokens[0]).first(kChunk), 0, blocks, 0};
    runner.step(std::span(&piece, 1), {});
  }
}

double run_case(llm::Runner& runner, const BenchCase& c) {
  const Streams streams(c, runner.vocab_size());
  std::vector<float> logits(size_t{c.streams} * runner.vocab_size());
  if (c.prompt == 0) runner.step(streams.pieces(0, 1), logits);
  const double start = seconds_now();
  for (uint32_t at = 0; at < c.prompt; at += kChunk) {
    const uint32_t count = std::min(kChunk, c.prompt - at);
    const bool last = at + count == c.prompt;
    runner.step(streams.pieces(at, count, last ? 1 : 0), last ? logits : std::span<float>());
  }
  for (uint32_t i = 1; i <= c.answer; ++i) runner.step(streams.pieces(i, 1), logits);
  return c.tokens() / (seconds_now() - start);
}

}  // namespace mill::apps
