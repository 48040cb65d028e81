#pragma once
// OpenAI's API: which paths there are, and what stands behind them. docs/api.md describes it.

#include <functional>
#include <memory>
#include <vector>

#include "service/generation/served_model.h"
#include "service/http/router.h"
#include "service/openai/chat_request.h"
#include "service/openai/completion_request.h"

namespace mill::openai {

struct Service {
  std::vector<std::shared_ptr<service::ServedModel>>
      models;  // not empty; the first is the default. They outlive all answers
  std::function<int64_t()> unix_time;
  std::function<uint64_t()> entropy;  // ids, and seeds where the client gives none

  // "" and "default" mean the first.
  Checked<service::ServedModel*> find(const std::string& name) const;
};

std::vector<http::Route> routes(const std::shared_ptr<const Service>&);

}  // namespace mill::openai
