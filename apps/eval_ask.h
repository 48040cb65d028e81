#pragma once
// Asks a model every problem so many times, many at once, and keeps what each answer came to.

#include <filesystem>
#include <string>
#include <vector>

#include "apps/eval_problems.h"
#include "apps/eval_tally.h"
#include "service/generation/served_model.h"

namespace mill::apps {

struct EvalAsk {
  uint32_t samples = 1;  // of each problem; sample i of problem p has the seed seed + p·2³² + i
  uint32_t tokens_max = 256;
  float temperature = 0.7F;
  uint64_t seed = 1;
  uint32_t at_once = 128;  // requests at the engine
  // What came is appended here, a JSON object a line, and what is there already is not asked again:
  // so a run that was cut off goes on. "" = nothing is kept.
  std::string record;
};

// By problem and sample. Progress goes to standard error; an answer that fails ends it all.
Result<std::vector<std::vector<Sampled>>> ask_all(service::ServedModel&,
                                                  const std::vector<Problem>&, const EvalAsk&);

}  // namespace mill::apps
