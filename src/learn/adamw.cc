#include "learn/adamw.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace mill::learn {

AdamW::AdamW(std::vector<NamedTensor> parameters, AdamWOptions options)
    : parameters_(std::move(parameters)), options_(options) {
  for (const NamedTensor& it : parameters_) {
    mean_.push_back(at::zeros_like(it.tensor->detach()));
    square_.push_back(at::zeros_like(it.tensor->detach()));
  }
}

double AdamW::step(double learning_rate) {
  const at::NoGradGuard no_gradients;
  Tensor sum = at::zeros({}, at::kDouble);
  for (const NamedTensor& it : parameters_) sum += it.tensor->grad().square().sum(at::kDouble);
  const double norm = std::sqrt(sum.item<double>());
  const AdamWOptions& o = options_;
  // The 1e-6 is PyTorch's clip_grad_norm_'s.
  const double clip = o.clip_norm > 0 ? std::min(1.0, o.clip_norm / (norm + 1e-6)) : 1.0;
  ++steps_;
  const double unbias1 = 1 - std::pow(o.beta1, static_cast<double>(steps_));
  const double unbias2 = 1 - std::pow(o.beta2, static_cast<double>(steps_));
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Tensor& parameter = *parameters_[i].tensor;
    const Tensor gradient = parameter.grad().mul_(clip);
    mean_[i].mul_(o.beta1).add_(gradient, 1 - o.beta1);
    square_[i].mul_(o.beta2).addcmul_(gradient, gradient, 1 - o.beta2);
    const Tensor length = (square_[i].sqrt().div_(std::sqrt(unbias2))).add_(o.epsilon);
    parameter.mul_(1 - learning_rate * o.weight_decay);
    parameter.addcdiv_(mean_[i], length, -learning_rate / unbias1);
    parameter.mutable_grad() = Tensor();
  }
  return norm;
}

std::vector<NamedTensor> AdamW::state() {
  std::vector<NamedTensor> out = parameters_;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    out.push_back({parameters_[i].name + ".mean", &mean_[i]});
    out.push_back({parameters_[i].name + ".square", &square_[i]});
  }
  return out;
}

double rate_at(const RateOptions& o, int64_t step) {
  const auto at = static_cast<double>(step);
  if (step < o.warmup) return at / static_cast<double>(std::max<int64_t>(o.warmup, 1));
  const auto rest = static_cast<double>(std::max<int64_t>(o.steps - o.warmup, 1));
  const double done = (at - static_cast<double>(o.warmup)) / rest;
  if (o.schedule == Schedule::constant) return 1.0;
  if (o.schedule == Schedule::linear) return std::max(0.0, 1.0 - done);
  return std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * done)));
}

}  // namespace mill::learn
