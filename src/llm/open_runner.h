#pragma once
// Opens a described model for running on this machine's processors.

#include <memory>

#include "base/error.h"
#include "kernels/ops.h"
#include "llm/models/weights.h"
#include "llm/runner.h"

namespace mill::llm {

struct RunnerOptions {
  unsigned threads = 0;         // 0 = one for each processor
  uint32_t context_tokens = 0;  // longest sequence; 0 = the trained length, at most 8192
  uint32_t kv_tokens = 0;  // room for so many tokens in all; 0 = four contexts, as memory allows
  kernels::KvType kv_type = kernels::KvType::f16;
  uint32_t batch_tokens_max = 576;  // most tokens in one step
  Result<void> validate() const;
};

// Where the memory does not suffice: Error{exhausted} with the bytes needed and available.
Result<std::unique_ptr<Runner>> open_runner(std::shared_ptr<const ModelDescription>,
                                            const RunnerOptions&);

}  // namespace mill::llm
