#pragma once
// Sliding windows: layers that attend to the last so many positions only (Beltagy et al. 2020).

#include <vector>

#include "base/error.h"
#include "llm/models/config.h"
#include "llm/models/hyperparameters.h"

namespace mill::llm {

// The window's length; 0 or null in the file = none.
Result<uint32_t> read_window(const Hyperparameters&, uint32_t fallback);

// config.json's layer_types: true = "sliding_attention". Empty where the file has no such list.
Result<std::vector<bool>> read_sliding_layers(const Hyperparameters&, uint32_t layers);

// A GGUF's, where its architecture implies none: attention.sliding_window and, as a list of the
// layers that have it, attention.sliding_window_pattern. Either alone means nothing.
Result<void> read_listed_windows(const Hyperparameters&, ModelConfig&);

// Qwen's: off unless use_sliding_window, and then in the layers from max_window_layers on.
Result<void> read_upper_windows(const Hyperparameters&, ModelConfig&);

}  // namespace mill::llm
