#pragma once
// What a case needs at least, what the machine can give, and so how near the figure is to it.

#include <string>

#include "apps/bench_cases.h"
#include "kernels/limits.h"
#include "llm/models/weights.h"

namespace mill::apps {

// The least that one run must read and compute: every weight once a step, the cache up to each
// position; a multiplication and an addition for each weight and token, and for each dimension and
// position of attention, twice.
struct Needs {
  double bytes = 0;
  double operations = 0;            // of the matrices
  double attention_operations = 0;  // which are done in f32
};
Needs needs_of(const llm::ModelDescription&, const BenchCase&);

// Measured on this machine; see kernels/limits.h.
struct Limits {
  kernels::MachineLimits all, core;  // with as many threads as the bench has, and with one
  std::string kind;                  // of the matrices' operations: int8, bf16 or f32
  double operations_per_s = 0;       // of that kind, all
};
Result<Limits> measure_limits(unsigned threads, const llm::ModelDescription&);
// What reads give at this moment.
Result<double> measure_reads_now(unsigned threads, const llm::ModelDescription&);

// Least possible time over the time taken, 0…1: the roofline's share (Williams et al., 2009), with
// what reads gave around that time.
double limit_share(const Needs&, const Limits&, const BenchCase&, double tokens_per_s,
                   double read_bytes_per_s);

}  // namespace mill::apps
