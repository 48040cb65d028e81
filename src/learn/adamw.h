#pragma once
// Adam with decoupled weight decay (Loshchilov and Hutter, 2019, algorithm 2), as torch.optim.AdamW
// computes it; and the schedule of its rate.

#include <cstdint>
#include <vector>

#include "learn/decoder.h"

namespace mill::learn {

struct AdamWOptions {
  double learning_rate = 2e-4;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0.0;
  double clip_norm =
      1.0;  // gradients longer than this, all together, are shortened to it; 0 = none
};

class AdamW {
 public:
  AdamW(std::vector<NamedTensor> parameters, AdamWOptions);

  // One step with the gradients that the parameters have, after which they have none. Returns the
  // length of all gradients together, before it is clipped.
  double step(double learning_rate);

  int64_t steps() const { return steps_; }
  // To go on elsewhere: the parameters and their moments, by name.
  std::vector<NamedTensor> state();
  void set_steps(int64_t steps) { steps_ = steps; }

 private:
  std::vector<NamedTensor> parameters_;
  std::vector<Tensor> mean_, square_;  // of gradients, like the parameters
  AdamWOptions options_;
  int64_t steps_ = 0;
};

enum class Schedule : uint8_t { constant, linear, cosine };  // after the warm-up, down to 0 or not

struct RateOptions {
  Schedule schedule = Schedule::cosine;
  int64_t warmup = 0, steps = 0;
};
// What step `step` (from 0) multiplies the learning rate with, as transformers' schedules do.
double rate_at(const RateOptions&, int64_t step);

}  // namespace mill::learn
