#pragma once
// `tokenmill bench reason`: what several paths from one prompt cost, beside one path, and beside as
// many requests that know nothing of each other.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/command.h"
#include "llm/runner.h"

namespace mill::apps {

// What is asked of the paths: nearly no work on the prompt beside that of one, and speed.
inline constexpr double kPrefillRatioAsked = 1.1, kSpeedRatioAsked = 4;

struct PathsCase {
  uint32_t n = 32, prompt = 512, answer = 64;  // paths; tokens of the prompt, and of each answer

  uint32_t length() const { return prompt + answer + 1; }
};

// Blocks that n separate requests of this case fill, and the spare one that each has to find
// before it begins.
uint32_t blocks_of(const PathsCase&);

struct PathsCost {
  uint64_t prefill_tokens = 0, generated_tokens = 0;
  uint32_t blocks_peak = 0;  // of keys and values, in use at once
  double seconds = 0;
};

// All n at once through the engine: `shared`, as the paths of one prompt, or with the prefix cache
// off, as requests that share nothing. The counts depend on the case alone.
PathsCost run_paths(llm::Runner&, const PathsCase&, bool shared);

struct ReasonReport {
  std::string model = {}, isa = {};
  unsigned threads = 0;
  PathsCase paths = {};
  PathsCost one = {}, together = {}, separate = {};  // of each the round of middle time

  double prefill_ratio() const;  // of the paths to one
  double speed_ratio() const;    // of the paths to separate requests
};

// Keys that other programs rely on: model, isa, threads, n, prompt_tokens, answer_tokens; one,
// paths and separate, each with prefill_tokens, generated_tokens, blocks_peak, seconds and
// tokens_per_s; prefill_ratio, prefill_ratio_asked, speed_ratio, speed_ratio_asked.
nlohmann::ordered_json json_of(const ReasonReport&);
std::string table_of(const ReasonReport&);

Run add_bench_reason(CLI::App& command);

}  // namespace mill::apps
