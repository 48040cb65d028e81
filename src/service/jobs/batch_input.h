#pragma once
// A batch's input, a request to a line, checked as a whole before any of it is answered:
//   {"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"prompt": "…"}}

#include <string>
#include <string_view>
#include <vector>

#include "service/http/json_body.h"

namespace mill::jobs {

using http::Json;

struct BatchLine {
  std::string custom_id;
  std::string_view text;  // within the input
};

struct BatchInput {
  std::vector<BatchLine> lines;
  Json errors = Json::array();  // OpenAI's BatchErrors: {code, message, param, line}; 100 at most
};

// Each line a request for `endpoint` under an id of its own, 1 to 50,000 of them. Empty lines do
// not count.
BatchInput check_batch_input(std::string_view text, std::string_view endpoint);

}  // namespace mill::jobs
