#pragma once
// How the Responses API tells an answer: items of output, whole or as numbered events.

#include <functional>
#include <memory>
#include <string>

#include "service/http/json_body.h"
#include "service/inference/shape.h"

namespace mill::openai {

using http::Json;

struct ResponseHead {
  std::string id;   // "resp_…"
  std::string key;  // of the items' ids
  int64_t created = 0;
  std::string model;
  Json echoed;  // members that repeat the request
};

// The object before there is an answer, and with it. `status`: "queued", "in_progress", …
Json response_json(const ResponseHead&, const char* status);
Json response_json(const ResponseHead&, const inference::Answer&);
// {"status": "failed", "error": {…}}
Json failed_json(const ResponseHead&, const http::Problem&);

// `finished` hears of the response at its end, and of the answer if there is one.
using ResponseListener = std::function<void(const Json& response, const inference::Answer*)>;
std::unique_ptr<inference::Shape> response_shape(ResponseHead, ResponseListener finished);

}  // namespace mill::openai
