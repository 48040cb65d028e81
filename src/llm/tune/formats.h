#pragma once
// A number format for each matrix of a model, so that its predictions change least for its size.
//
// 1. Each matrix is quantised to every format that is smaller than what it has; scales are searched
//    for the least error weighed by the mean squares of the inputs (quants.h). Formats that another
//    one beats in both size and error drop out.
// 2. Of the others the one nearest to the budget stands in the model, and the divergence of its
//    predictions is measured: the damage. That of the rest is taken to be in proportion to the
//    error (the linearity theorem of HIGGS, allocation.h).
// 3. The least sum of damages within the budget is the allocation (allocation.h).

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/requantize.h"
#include "llm/tune/trial_model.h"

namespace mill::llm {

struct TunedFormat {
  DType dtype = DType::F32;
  uint64_t bytes = 0;
  double error = 0;   // mean over the values of importance·error², importances being 1 in the mean
  double damage = 0;  // nats a token
  bool measured = false;
};

struct TunedMatrix {
  std::string name;
  uint64_t values = 0;
  std::vector<TunedFormat> formats;  // by bytes
  size_t chosen = 0;
};

struct TuneOptions {
  double bits_per_weight = 4.5;  // of all tensors together, norms too
  TrialModel::Windows windows;
  unsigned threads = 0;
  // Before each matrix, with the share of the work that is done.
  std::function<void(const TunableMatrix&, double done)> progress = nullptr;
};

struct TunedModel {
  std::vector<TunedMatrix> matrices;
  TensorFormats formats;    // for RequantizeOptions
  DType most = DType::F32;  // what most weights have
};

// A budget below the smallest formats is an error that says what they need.
Result<TunedModel> choose_formats(const ModelDescription&, const TuneOptions&);

}  // namespace mill::llm
