#pragma once
// What `tokenmill bench` measures: a case, what it needs at least, and what the machine can give.

#include <string>
#include <vector>

#include "base/team.h"
#include "kernels/ops.h"
#include "llm/models/weights.h"
#include "llm/runner.h"

namespace mill::apps {

struct BenchCase {
  std::string name;     // "prefill_512", "decode_1"
  uint32_t prompt = 0;  // tokens processed at once in each stream; 0 = a decode case
  uint32_t answer = 0;  // steps of one token in each stream
  uint32_t streams = 1;
};

std::vector<BenchCase> bench_cases(bool quick);

// Tokens a second of one run.
double run_case(llm::Runner&, const BenchCase&);

// The least that one run must read and compute: every weight once a step, the cache up to each
// position; a multiplication and an addition for each weight and token, and for each dimension and
// position of attention, twice.
struct Needs {
  double bytes = 0, operations = 0;
};
Needs needs_of(const llm::ModelDescription&, const BenchCase&);

// Measured on this machine; see kernels/limits.h.
struct Limits {
  double read_bytes_per_s = 0, operations_per_s = 0;
  std::string kind;  // of the operations: "int8" or "f32", by the format of the weights
};
Limits measure_limits(unsigned threads, const kernels::Ops&, const llm::ModelDescription&);

// Least possible time over the time taken, 0…1: the roofline's share (Williams et al., 2009).
double limit_share(const Needs&, const Limits&, const BenchCase&, double tokens_per_s);

}  // namespace mill::apps
