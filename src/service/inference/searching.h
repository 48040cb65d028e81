#pragma once
// The run of a request that reasons in several paths (llm/reason/search.h): its client sees one
// answer. What the search finds on its way is told as thoughts, as it happens; the tokens of the
// paths that are not shown are counted as thoughts, too.

#include <memory>

#include "service/inference/answering.h"

namespace mill::inference {

// The plan has a search, and a request for each of its paths. As answer() does.
std::shared_ptr<service::Choices> search(AnswerPlan, const std::shared_ptr<http::Exchange>&);

}  // namespace mill::inference
