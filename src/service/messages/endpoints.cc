#include "service/messages/endpoints.h"

#include <utility>

#include "service/messages/messages_request.h"
#include "service/messages/messages_shape.h"

namespace mill::messages {
namespace {

using inference::AnswerPlan;
using inference::Conversation;
using inference::Host;
using Exchange = std::shared_ptr<http::Exchange>;

Checked<AnswerPlan> plan_message(const Host& host, const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  TRY_ASSIGN(const Conversation request, parse_messages_request(json));
  TRY_ASSIGN(const service::ModelPointer model, host.find(request.params.model));
  TRY_ASSIGN(AnswerPlan plan, inference::plan_conversation(host, model, request));
  plan.shape = message_shape(
      {.id = host.fresh_id("msg_"), .model = model->info().id, .stops = request.params.stop},
      *model);
  return plan;
}

Checked<Json> count_tokens(const Host& host, const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  TRY_ASSIGN(const Conversation request, parse_messages_request(json, true));
  TRY_ASSIGN(const service::ModelPointer model, host.find(request.params.model));
  TRY_ASSIGN(const std::vector<TokenId> prompt, inference::prompt_of(*model, request));
  return Json{{"input_tokens", prompt.size()}};
}

}  // namespace

std::vector<http::Route> routes(const std::shared_ptr<const Host>& host) {
  return {
      {"POST", "/v1/messages",
       [host](const http::Request& request, const Exchange& exchange) {
         auto plan = plan_message(*host, request.body);
         if (!plan) return exchange->respond(refusal_of(plan.error()));
         plan->account = host->account(request, *plan->model);
         inference::answer(std::move(*plan), exchange);
       }},
      {"POST", "/v1/messages/count_tokens",
       [host](const http::Request& request, const Exchange& exchange) {
         const auto count = count_tokens(*host, request.body);
         exchange->respond(count ? http::json_response(*count) : refusal_of(count.error()));
       }},
  };
}

}  // namespace mill::messages
