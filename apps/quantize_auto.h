#pragma once
// `tokenmill quantize --auto`: a number format for each matrix, chosen by what it does to the
// model's predictions (llm/tune/formats.h).

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "llm/tune/formats.h"

namespace mill::apps {

struct AutoOptions {
  bool wanted = false;
  std::string budget, calibration;  // "4.5bpw"; a text file, or none: what the model itself writes
  uint32_t windows = 2;             // of the text
};

Result<llm::TunedModel> tune_model(const std::string& input, const AutoOptions&);

// What each matrix got, and what the other formats would have done to it.
void print_tuned(const llm::TunedModel&);
nlohmann::json tuned_json(const llm::TunedModel&);

}  // namespace mill::apps
