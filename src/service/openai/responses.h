#pragma once
// The Responses API: create (whole, streamed or in the background), get, list what was asked,
// cancel, delete, and go on from an earlier one.

#include <memory>
#include <vector>

#include "service/http/router.h"
#include "service/inference/host.h"

namespace mill::openai {

std::vector<http::Route> responses_routes(const std::shared_ptr<const inference::Host>&);

}  // namespace mill::openai
