#include "service/openai/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "service/openai/structured_output.h"

namespace mill::openai {
namespace {

constexpr float kLeast = 1e-6F;  // top_p 0 means the best token alone, and so does this
constexpr int64_t kTokensMax = std::numeric_limits<int32_t>::max();

void read_sampling(Fields& fields, llm::SamplingOptions& sampling) {
  fields.number("temperature", sampling.temperature, 0, 2);
  fields.number("top_p", sampling.top_p, 0, 1);
  sampling.top_p = std::max(sampling.top_p, kLeast);
  fields.integer("top_k", sampling.top_k, 0, kTokensMax);
  fields.number("min_p", sampling.min_p, 0, 1);
  fields.number("typical_p", sampling.typical_p, 0.001, 1);
  fields.number("repetition_penalty", sampling.repetition_penalty, 0.01, 10);
  fields.number("presence_penalty", sampling.presence_penalty, -2, 2);
  fields.number("frequency_penalty", sampling.frequency_penalty, -2, 2);
}

// {"50256": -100}: token ids are strings, because JSON has no other keys.
void read_bias(Fields& fields, std::map<TokenId, float>& bias) {
  const Json* value = fields.find("logit_bias");
  if (value == nullptr) return;
  if (!value->is_object()) return fields.refuse("'logit_bias' must be an object", "logit_bias");
  for (const auto& [key, amount] : value->items()) {
    TokenId token = -1;
    const auto parsed = std::from_chars(key.data(), key.data() + key.size(), token);
    if (parsed.ec != std::errc() || parsed.ptr != key.data() + key.size() || token < 0)
      return fields.refuse(fmt::format("'logit_bias' has \"{}\", which is not a token id", key),
                           "logit_bias");
    if (!amount.is_number() || !(std::abs(amount.get<double>()) <= 100))
      return fields.refuse(
          fmt::format("'logit_bias' of token {} must be a number from -100 to 100", token),
          "logit_bias");
    bias[token] = amount.get<float>();
  }
}

void read_stop(Fields& fields, std::vector<std::string>& stop) {
  const Json* value = fields.find("stop");
  if (value == nullptr) return;
  const Json list = value->is_string() ? Json::array({*value}) : *value;
  if (!list.is_array() || list.size() > kStopsMax)
    return fields.refuse(
        fmt::format("'stop' must be a string or an array of at most {} strings", kStopsMax),
        "stop");
  for (const Json& text : list) {
    if (!text.is_string() || text.get_ref<const std::string&>().empty() ||
        text.get_ref<const std::string&>().size() > kStopBytesMax)
      return fields.refuse(fmt::format("'stop' takes strings of 1 to {} bytes", kStopBytesMax),
                           "stop");
    stop.push_back(text.get<std::string>());
  }
}

void read_stream(Fields& fields, GenerateParams& params) {
  fields.flag("stream", params.stream);
  const Json* options = fields.find("stream_options");
  if (options == nullptr) return;
  if (!options->is_object())
    return fields.refuse("'stream_options' must be an object", "stream_options");
  if (!params.stream)
    return fields.refuse("'stream_options' goes with \"stream\": true only", "stream_options");
  Fields inner(*options);
  inner.flag("include_usage", params.include_usage);
  if (inner.problem())
    fields.refuse(inner.problem()->message, "stream_options." + inner.problem()->param);
}

void refuse_member(Fields& fields, const char* name, const char* instead) {
  fields.refuse(fmt::format("'{}' is not supported yet; {}", name, instead), name, "unsupported");
}

}  // namespace

void read_params(Fields& fields, GenerateParams& params) {
  fields.text("model", params.model);
  fields.integer("n", params.n, 1, kChoicesMax);
  fields.integer("max_tokens", params.tokens_max, 1, kTokensMax);
  fields.integer("max_completion_tokens", params.tokens_max, 1, kTokensMax);
  if (fields.find("seed") != nullptr) {
    int64_t seed = 0;
    fields.integer("seed", seed, std::numeric_limits<int64_t>::min(),
                   std::numeric_limits<int64_t>::max());
    params.seed = static_cast<uint64_t>(seed);
  }
  read_sampling(fields, params.sampling);
  read_bias(fields, params.sampling.logit_bias);
  read_stop(fields, params.stop);
  read_stream(fields, params);
  params.structure = read_structured_output(fields);
}

void refuse_unsupported(Fields& fields) {
  for (const char* name : {"functions", "function_call"}) {
    if (fields.find(name) != nullptr) refuse_member(fields, name, "use 'tools'");
  }
  if (fields.find("audio") != nullptr) refuse_member(fields, "audio", "answers are text");
  if (const Json* best = fields.find("best_of"); best && *best != 1)
    refuse_member(fields, "best_of", "use 'n'");
  if (const Json* suffix = fields.find("suffix"); suffix && *suffix != "")
    refuse_member(fields, "suffix", "a text is continued at its end only");
}

}  // namespace mill::openai
