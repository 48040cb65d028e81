#pragma once
// What every generating endpoint takes: which model, how many answers, how they are sampled and
// where they end.

#include <optional>
#include <string>
#include <vector>

#include "data/grammar/spec.h"
#include "llm/sample/sampling.h"

namespace mill::inference {

// What the answer must be a text of, as it was asked for; planning compiles it.
struct Structure {
  grammar::Spec spec;
  std::string field;  // where it was asked for: "response_format.json_schema.schema"
};

struct GenerateParams {
  std::string model;  // "" = default
  uint32_t n = 1;
  uint32_t tokens_max = 0;  // 0 = what the context holds
  std::vector<std::string> stop;
  int logprobs = -1;  // alternatives per token; -1 = no logprobs
  llm::SamplingOptions sampling;
  std::optional<Structure> structure = {};  // none: any text
  std::optional<uint64_t> seed;             // of the first answer; the i-th has seed + i
  bool stream = false, include_usage = false;
};

}  // namespace mill::inference
