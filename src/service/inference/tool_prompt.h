#pragma once
// For models whose template knows nothing of tools: explains them in words, the way Hermes was
// trained to hear of them, and turns calls and results into plain messages.

#include "service/http/json_body.h"

namespace mill::inference {

// {messages, tools, …} → messages alone, with roles system, user and assistant only.
http::Json explained(const http::Json& context, const http::Json& tools);

}  // namespace mill::inference
