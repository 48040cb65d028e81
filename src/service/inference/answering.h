#pragma once
// The run of a request: generations in, one answer or a stream of events out, in an API's shape.

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "llm/reason/search.h"
#include "service/dialect/output_parser.h"
#include "service/generation/choices.h"
#include "service/http/exchange.h"
#include "service/inference/meter.h"
#include "service/inference/shape.h"

namespace mill::inference {

// A prompt, and what the text behind it may mean.
struct NextPrompt {
  std::vector<TokenId> tokens = {};
  dialect::ParserOptions parser = {};
};

// What a search needs beside the requests of its paths, which have all the same prompt.
struct SearchPlan {
  std::unique_ptr<llm::Search> method = {};
  llm::VerifierPointer asked = {};  // its verifier, where that takes its time
  // The prompt with these messages behind the request's own.
  std::function<http::Checked<NextPrompt>(const nlohmann::ordered_json& messages)> prompt_after =
      {};
  std::function<int64_t()> nanoseconds = {};  // of a clock that only ascends
  int64_t deadline = INT64_MAX;               // by it: then what has been found is shown
  double joules_max = 0;                      // the same; 0 = no limit
};

struct AnswerPlan {
  service::ModelPointer model;
  std::vector<llm::GenerateRequest> requests;  // one per choice, prompt by prompt
  uint32_t n = 1;                              // choices of each prompt
  dialect::ParserOptions parser = {};          // what the text may mean
  bool one_call = false;                       // the answer ends with its first call
  SearchPlan search = {};  // which takes its paths from the requests; no method = none
  std::unique_ptr<Shape> shape;
  bool stream = false;
  uint64_t id_seed = 0;  // of the ids of calls
  Account account = {};  // closed before the client has the end of its answer
};

// Answers in the background. A client that goes away cancels what it has asked for; so can the
// caller, by what it gets (null: refused, and the exchange knows).
// What answers lives in the engine's sinks and holds the model, which its last request may let go
// of on the engine's own thread: models.h sees to that.
std::shared_ptr<service::Choices> answer(AnswerPlan, const std::shared_ptr<http::Exchange>&);

}  // namespace mill::inference
