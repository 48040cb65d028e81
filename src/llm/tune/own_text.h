#pragma once
// Text that a model writes itself, drawn from its own distributions: what it is used to, at hand
// where no other text is, and as good for calibration (Williams, Chrysostomou and Aletras,
// Self-calibration for Language Model Quantization and Pruning, 2024, arXiv 2410.17170).

#include "llm/models/weights.h"
#include "llm/tune/trial_model.h"

namespace mill::llm {

struct OwnText {
  TokenId first = 0;  // that each window begins with
  uint32_t windows = 4, tokens = 512;
  uint64_t seed = 1;
  unsigned threads = 0;
};

Result<TrialModel::Windows> own_text(const ModelDescription&, const OwnText&);

}  // namespace mill::llm
