#pragma once
// vLLM's paths for a model that is to let go of its memory for a while (llm/sleep.h):
//   POST /sleep?level=1&mode=wait   once it sleeps: {"is_sleeping": true}
//   POST /wake_up                   once it is awake: {"is_sleeping": false}
//   GET /is_sleeping
// Each takes ?model=ID, too; docs/operating.md has the rest.

#include <memory>
#include <vector>

#include "service/http/router.h"
#include "service/inference/host.h"

namespace mill::operations {

std::vector<http::Route> sleep_routes(const std::shared_ptr<const inference::Host>&);

}  // namespace mill::operations
