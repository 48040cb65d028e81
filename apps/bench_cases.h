#pragma once
// What `tokenmill bench` measures: a table of cases, and how one is run.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "kernels/ops.h"
#include "llm/runner.h"

namespace mill::apps {

// One of three kinds: a prefill (prompt > 0), a decode (answer > 0), or a start of the program.
struct BenchCase {
  std::string name;      // "prefill_512", "decode_8k_q8"
  uint32_t prompt = 0;   // tokens that come at once
  uint32_t answer = 0;   // steps of one token in each stream
  uint32_t streams = 1;  // answered together
  uint32_t depth = 0;    // tokens that each stream's cache holds beforehand
  kernels::KvType kv = kernels::KvType::f16;

  bool is_start() const { return prompt == 0 && answer == 0; }
  uint32_t tokens() const { return streams * (prompt + answer); }
  uint32_t length() const { return depth + prompt + answer + 1; }  // of a stream at the end
};

// Names between commas, each one's last character perhaps a star; "all"; "" = those without long
// contexts, or three short ones if `quick`. An error lists the names.
Result<std::vector<BenchCase>> choose_cases(const std::string& names, bool quick);

// Blocks that the streams of these cases need, at most.
uint32_t blocks_of(std::span<const BenchCase>);

// Fills the cache of the first `tokens` positions. What stands there is arbitrary but real: pieces
// of 512 tokens, each computed as if it came first, so that the time grows linearly.
void fill_cache(llm::Runner&, uint32_t tokens);

// Tokens a second of one run; the cache holds case.depth positions already.
double run_case(llm::Runner&, const BenchCase&);

}  // namespace mill::apps
