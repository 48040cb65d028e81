#include "service/inference/embedding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "service/generation/choices.h"
#include "service/inference/conversation.h"

namespace mill::inference {
namespace {

constexpr size_t kTextsMax = 2048;  // as OpenAI documents it

bool is_token(const Json& value) {
  return value.is_number_integer() && value.get<int64_t>() >= 0 &&
         value.get<int64_t>() <= std::numeric_limits<TokenId>::max();
}

Checked<std::vector<TokenId>> text_of(const ServedModel& model, const Json& value,
                                      const std::string& place) {
  std::vector<TokenId> tokens;
  if (value.is_string()) {
    tokens = model.encode(value.get_ref<const std::string&>(), {});
  } else if (value.is_array() && !value.empty() &&
             std::all_of(value.begin(), value.end(), is_token)) {
    tokens = value.get<std::vector<TokenId>>();
  } else {
    return http::refuse(fmt::format("'{}' must be a string or an array of token ids", place),
                        place);
  }
  TRY(check_tokens(tokens, model.info(), place.c_str()));
  return tokens;
}

// Everything here runs on the engine's thread, one event at a time (see Choices).
struct Embeddings {
  std::vector<Embedding> done;
  Embedded told;
  Account account;
  bool cancelled = false;
  std::string error;
  int status = 500;  // of the error
  double joules = 0;

  void on_event(size_t text, llm::GenerateEvent&& event) {
    const bool failed =
        event.finish == llm::FinishReason::error || event.finish == llm::FinishReason::cancelled;
    cancelled |= event.finish == llm::FinishReason::cancelled;
    if (event.error.kind == ErrorKind::exhausted) status = http::problem_of(event.error).status;
    if (failed)
      error = event.error.message.empty() ? "The request was cancelled" : event.error.message;
    joules += event.joules;
    account.add_phases(event.times);
    done[text] = {std::move(event.embedding), event.prompt_tokens};
  }
  // Texts that were cancelled have no values, and cost nothing.
  Usage usage() const {
    Usage sum;
    sum.joules = joules;
    for (const Embedding& each : done) sum.prompt += each.values.empty() ? 0 : each.tokens;
    return sum;
  }
  Outcome outcome() const {
    if (cancelled) return Outcome::cancelled;
    return error.empty() ? Outcome::whole : Outcome::failed;
  }
  void tell(const Result<void>& kept) {
    if (!kept) error = kept.error().message;
    if (!error.empty()) return told(std::unexpected(Problem{status, error}));
    told(std::move(done));
  }
};

}  // namespace

void embed(ServedModel& model, std::vector<std::vector<TokenId>> texts, Account account,
           const std::shared_ptr<http::Exchange>& exchange, Embedded told) {
  const auto run = std::make_shared<Embeddings>();
  run->done.resize(texts.size());
  run->told = told;
  run->account = std::move(account);
  std::vector<llm::GenerateRequest> requests(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    requests[i].prompt = std::move(texts[i]);
    requests[i].embed = true;
    requests[i].admission = run->account.admission();
  }
  const auto room = run->account.reserve(requests, 1, model.info().context_max);
  if (!room) return told(std::unexpected(room.error()));
  const auto choices = service::Choices::start(
      model, std::move(requests),
      {.event = [run](size_t i, llm::GenerateEvent&& e) { run->on_event(i, std::move(e)); },
       .done =
           [run] {
             run->account.close(run->usage(), run->outcome(),
                                [run](const Result<void>& kept) { run->tell(kept); });
           }});
  if (!choices) return told(std::unexpected(http::problem_of(choices.error())));
  exchange->on_gone([weak = std::weak_ptr(*choices)] {
    if (const auto alive = weak.lock()) alive->cancel();
  });
}

Checked<std::vector<std::vector<TokenId>>> texts_of(const ServedModel& model, const Json& value,
                                                    const char* field) {
  std::vector<std::vector<TokenId>> texts;
  const bool several = value.is_array() && !value.empty() && !value.front().is_number();
  if (!several) {
    TRY_ASSIGN(std::vector<TokenId> text, text_of(model, value, field));
    texts.push_back(std::move(text));
    return texts;
  }
  if (value.size() > kTextsMax)
    return http::refuse(
        fmt::format("'{}' has {} texts; at most {} are accepted", field, value.size(), kTextsMax),
        field);
  for (size_t i = 0; i < value.size(); ++i) {
    TRY_ASSIGN(std::vector<TokenId> text,
               text_of(model, value[i], fmt::format("{}[{}]", field, i)));
    texts.push_back(std::move(text));
  }
  return texts;
}

std::vector<float> shortened(std::vector<float> values, size_t dimensions) {
  if (dimensions == 0 || dimensions >= values.size()) return values;
  values.resize(dimensions);
  double squares = 0;
  for (const float value : values) squares += static_cast<double>(value) * value;
  const auto scale = static_cast<float>(squares > 0 ? 1 / std::sqrt(squares) : 0);
  for (float& value : values) value *= scale;
  return values;
}

float cosine(const Embedding& a, const Embedding& b) {
  double sum = 0;
  for (size_t i = 0; i < a.values.size(); ++i)
    sum += static_cast<double>(a.values[i]) * b.values[i];
  return static_cast<float>(sum);
}

uint64_t tokens_of(const std::vector<Embedding>& embeddings) {
  uint64_t tokens = 0;
  for (const Embedding& each : embeddings) tokens += each.tokens;
  return tokens;
}

}  // namespace mill::inference
