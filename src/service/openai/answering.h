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
  std::shared_ptr<service::ServedModel> model;
  std::vector<llm::GenerateRequest> requests;  // one per choice
  std::unique_ptr<Shape> shape;
  uint32_t n = 1;
  bool stream = false, include_usage = false;
};

// Answers in the background. A client that goes away cancels what it has asked for.
void answer(AnswerPlan, const std::shared_ptr<http::Exchange>&);

}  // namespace mill::openai
