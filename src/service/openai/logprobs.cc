#include "service/openai/logprobs.h"

#include <algorithm>
#include <cmath>

namespace mill::openai {
namespace {

constexpr double kLeast = -9999.0;  // how OpenAI writes "impossible", for which JSON has no number

// The first token of an echoed prompt has none: nothing stands before it.
Json logprob_json(float logprob) {
  if (std::isnan(logprob)) return nullptr;
  return std::max(static_cast<double>(logprob), kLeast);
}

Json token_json(TokenId token, float logprob, const service::ServedModel& model) {
  const std::string bytes = model.decode(std::span(&token, 1));
  Json list = Json::array();
  for (const char byte : bytes) list.push_back(static_cast<uint8_t>(byte));
  return {{"token", bytes}, {"logprob", logprob_json(logprob)}, {"bytes", std::move(list)}};
}

size_t characters(std::string_view utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

Json chat_logprobs(const TokenLists& lists, const service::ServedModel& model) {
  Json content = Json::array();
  for (size_t i = 0; i < lists.logprobs.size(); ++i) {
    Json entry = token_json(lists.logprobs[i].token, lists.logprobs[i].logprob, model);
    Json top = Json::array();
    if (i < lists.alternatives.size()) {
      for (const llm::TokenLogprob& other : lists.alternatives[i])
        top.push_back(token_json(other.token, other.logprob, model));
    }
    entry["top_logprobs"] = std::move(top);
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

Json completion_logprobs(const TokenLists& lists, const service::ServedModel& model,
                         size_t& offset) {
  Json out = {{"tokens", Json::array()},
              {"token_logprobs", Json::array()},
              {"top_logprobs", Json::array()},
              {"text_offset", Json::array()}};
  for (size_t i = 0; i < lists.logprobs.size(); ++i) {
    const llm::TokenLogprob& told = lists.logprobs[i];
    const std::string text = model.decode(std::span(&told.token, 1));
    out["tokens"].push_back(text);
    out["token_logprobs"].push_back(logprob_json(told.logprob));
    Json top = std::isnan(told.logprob) ? Json() : Json::object();
    if (i < lists.alternatives.size() && top.is_object()) {
      for (const llm::TokenLogprob& other : lists.alternatives[i])
        top[model.decode(std::span(&other.token, 1))] = logprob_json(other.logprob);
    }
    out["top_logprobs"].push_back(std::move(top));
    out["text_offset"].push_back(offset);
    offset += characters(text);
  }
  return out;
}

}  // namespace mill::openai
