#include "service/operations/refusal.h"

#include "service/messages/messages_shape.h"
#include "service/ollama/ollama_shape.h"

namespace mill::operations {

http::Response refusal_for(std::string_view path, const http::Problem& problem) {
  if (path.starts_with("/v1/messages")) return messages::refusal_of(problem);
  if (path.starts_with("/api/")) return ollama::refusal_of(problem);
  return http::problem_response(problem);
}

}  // namespace mill::operations
