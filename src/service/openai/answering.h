#pragma once
// The run of a request: generations in, one answer or a stream of events out.

#include <memory>
#include <vector>

#include "service/generation/served_model.h"
#include "service/http/exchange.h"
#include "service/openai/answer.h"
#include "service/openai/params.h"

namespace mill::openai {

struct AnswerPlan {
  service::ServedModel* model = nullptr;       // outlives the answer; never owned here, see below
  std::vector<llm::GenerateRequest> requests;  // one per choice
  std::unique_ptr<Shape> shape;
  uint32_t n = 1;
  bool stream = false, include_usage = false;
};

// Answers in the background. A client that goes away cancels what it has asked for.
// What answers lives in the engine's sinks, and the last of it dies on the engine's own thread: if
// it owned the engine, that thread would wait for its own end.
void answer(AnswerPlan, const std::shared_ptr<http::Exchange>&);

}  // namespace mill::openai
