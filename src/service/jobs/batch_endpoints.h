#pragma once
// /v1/batches. Included by jobs/*.cc only.

#include "service/jobs/endpoints.h"

namespace mill::jobs {

std::vector<http::Route> batch_routes(Jobs&);

}  // namespace mill::jobs
