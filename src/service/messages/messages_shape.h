#pragma once
// How Anthropic's API tells an answer: blocks of content, in whole or as events.

#include <memory>
#include <string>
#include <vector>

#include "service/generation/served_model.h"
#include "service/inference/shape.h"

namespace mill::messages {

struct MessageHead {
  std::string id;  // "msg_…"
  std::string model;
  std::vector<std::string> stops;
};

std::unique_ptr<inference::Shape> message_shape(MessageHead, const service::ServedModel&);

// {"type": "error", "error": {"type": "invalid_request_error", "message": "…"}}
http::Response refusal_of(const http::Problem&);

}  // namespace mill::messages
