#pragma once
// POST /v1/responses: what a client may send.

#include "service/inference/conversation.h"
#include "service/openai/params.h"

namespace mill::openai {

struct ResponsesRequest {
  inference::Conversation conversation;  // its messages are those of `input` alone
  std::string instructions;              // for this answer; a later one does not inherit them
  std::string previous;                  // the response that this one follows; "" = none
  Json input_items = Json::array();      // as a client lists them
  bool store = true, background = false;
  Json echoed = Json::object();  // members that the response repeats
};

Checked<ResponsesRequest> parse_responses_request(const Json& body);

}  // namespace mill::openai
