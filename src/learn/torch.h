#pragma once
// The parts of LibTorch that this floor uses: tensors, and functions with a gradient of their own.
// Its whole header takes a compiler thrice as long.

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace mill::learn {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

}  // namespace mill::learn
