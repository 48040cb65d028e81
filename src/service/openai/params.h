#pragma once
// What both generating endpoints take: which model, how many answers, how they are sampled and
// where they end.

#include <optional>
#include <string>
#include <vector>

#include "data/grammar/grammar.h"
#include "llm/sample/sampling.h"
#include "service/openai/fields.h"

namespace mill::openai {

inline constexpr uint32_t kChoicesMax = 128;
inline constexpr size_t kStopsMax = 16, kStopBytesMax = 1024;
inline constexpr int kAlternativesMax = 20;

struct GenerateParams {
  std::string model;  // "" = default
  uint32_t n = 1;
  uint32_t tokens_max = 0;  // 0 = what the context holds
  std::vector<std::string> stop;
  int logprobs = -1;  // alternatives per token; -1 = no logprobs
  llm::SamplingOptions sampling;
  grammar::GrammarPtr grammar;   // what the answer must be a text of; null = any text
  std::optional<uint64_t> seed;  // of the first answer; the i-th has seed + i
  bool stream = false, include_usage = false;
};

// Reads everything but `logprobs`, whose shape differs between the endpoints.
void read_params(Fields&, GenerateParams&);

// Refuses those members that ask for what is not there yet: silently ignoring them would give an
// answer that looks right and is not.
void refuse_unsupported(Fields&);

}  // namespace mill::openai
