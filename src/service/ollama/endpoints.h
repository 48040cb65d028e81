#pragma once
// Ollama's API: which paths there are.

#include <memory>
#include <vector>

#include "service/http/router.h"
#include "service/inference/host.h"

namespace mill::ollama {

std::vector<http::Route> routes(const std::shared_ptr<const inference::Host>&);

}  // namespace mill::ollama
