#pragma once
// OpenAI's API: which paths there are, and what stands behind them. docs/api.md describes it.

#include <memory>
#include <vector>

#include "service/http/router.h"
#include "service/inference/host.h"

namespace mill::openai {

std::vector<http::Route> routes(const std::shared_ptr<const inference::Host>&);

}  // namespace mill::openai
