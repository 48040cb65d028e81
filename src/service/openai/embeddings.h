#pragma once
// /v1/embeddings as OpenAI has it, /v1/rerank as Jina and Cohere do, /v1/score as vLLM does. The
// score of two texts is the cosine of the angle between their embeddings.

#include <memory>
#include <vector>

#include "service/http/router.h"
#include "service/inference/host.h"

namespace mill::openai {

std::vector<http::Route> embedding_routes(const std::shared_ptr<const inference::Host>&);

}  // namespace mill::openai
