#include "llm/sample/sampling.h"

namespace mill::llm {
namespace {

// Comparisons are written so that NaN fails them.
Result<void> within_range(const char* field, float value, float least, float most) {
  if (value >= least && value <= most) return {};
  return fail(ErrorKind::invalid, "{} must be from {} to {}, not {}", field, least, most, value);
}

Result<void> above_zero(const char* field, float value, float most) {
  if (value > 0 && value <= most) return {};
  return fail(ErrorKind::invalid, "{} must be above 0 and at most {}, not {}", field, most, value);
}

}  // namespace

Result<void> SamplingOptions::validate() const {
  TRY(within_range("temperature", temperature, 0, 100));
  TRY(above_zero("top_p", top_p, 1));
  TRY(within_range("min_p", min_p, 0, 1));
  TRY(above_zero("typical_p", typical_p, 1));
  TRY(above_zero("repetition_penalty", repetition_penalty, 100));
  TRY(within_range("presence_penalty", presence_penalty, -2, 2));
  TRY(within_range("frequency_penalty", frequency_penalty, -2, 2));
  for (auto [token, bias] : logit_bias) {
    if (token < 0) return fail(ErrorKind::invalid, "logit_bias names the token {}", token);
    TRY(within_range("logit_bias", bias, -100, 100));
  }
  return {};
}

}  // namespace mill::llm
