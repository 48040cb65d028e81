#pragma once
// What operators and their programs ask a server: /metrics, who it is, and to sleep (sleeping.h).

#include <memory>
#include <vector>

#include "service/http/router.h"
#include "service/inference/host.h"
#include "service/operations/exposition.h"

namespace mill::operations {

// More families of metrics, by whoever has them.
using MoreMetrics = std::function<void(Exposition&)>;

std::vector<http::Route> routes(const std::shared_ptr<const inference::Host>&,
                                std::vector<MoreMetrics> = {});

}  // namespace mill::operations
