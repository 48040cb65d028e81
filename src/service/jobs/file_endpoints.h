#pragma once
// /v1/files. Included by jobs/*.cc only.

#include "service/jobs/endpoints.h"

namespace mill::jobs {

std::vector<http::Route> file_routes(Jobs&);

}  // namespace mill::jobs
