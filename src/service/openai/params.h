#pragma once
// The members that OpenAI's generating endpoints share.

#include "service/http/fields.h"
#include "service/inference/params.h"

namespace mill::openai {

using http::Checked;
using http::Fields;
using http::Json;
using http::Problem;
using inference::GenerateParams;

inline constexpr uint32_t kChoicesMax = 128;
inline constexpr size_t kStopsMax = 16, kStopBytesMax = 1024;
inline constexpr int kAlternativesMax = 20;

// Reads everything but `logprobs`, whose shape differs between the endpoints.
void read_params(Fields&, GenerateParams&);

// Refuses those members that ask for what is not there yet: silently ignoring them would give an
// answer that looks right and is not.
void refuse_unsupported(Fields&);

}  // namespace mill::openai
