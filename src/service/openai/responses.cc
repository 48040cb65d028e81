#include "service/openai/responses.h"

#include <fmt/format.h>

#include <utility>

#include "service/openai/response_store.h"
#include "service/openai/responses_request.h"
#include "service/openai/responses_shape.h"

namespace mill::openai {
namespace {

using inference::Answer;
using inference::AnswerPlan;
using inference::Host;
using Exchange = std::shared_ptr<http::Exchange>;
using Store = std::shared_ptr<ResponseStore>;

constexpr const char* kOne = "/v1/responses/*";

// Nobody waits for what is done in the background.
class Nobody : public http::Exchange {
 public:
  void respond(http::Response) override {}
  void begin(http::Response) override {}
  void write(std::string) override {}
  void end() override {}
  void on_gone(std::function<void()>) override {}
};

// The answer as the next turn's template sees it.
Json message_of(const Answer& answer) {
  Json message = {{"role", "assistant"}, {"content", answer.text}};
  if (!answer.thinking.empty()) message["reasoning_content"] = answer.thinking;
  for (const inference::ToolCall& call : answer.calls) {
    Json arguments = Json::parse(call.arguments, nullptr, false);
    if (!arguments.is_object()) arguments = Json::object();
    message["tool_calls"].push_back(
        {{"id", call.id},
         {"type", "function"},
         {"function", {{"name", call.name}, {"arguments", std::move(arguments)}}}});
  }
  return message;
}

struct Planned {
  AnswerPlan plan;
  ResponseHead head;
  StoredResponse stored;  // before there is an answer
  bool store = true, background = false;
};

// Where a response lies in the store: among its tenant's own, so that no other finds it. No
// tenant's name has a '/'.
std::string place_of(const http::Caller& caller, const std::string& id) {
  return caller.tenant + "/" + id;
}

// What went before, then what is new; the instructions are this request's alone.
Checked<void> take_previous(const ResponseStore& store, const http::Caller& caller,
                            ResponsesRequest& request, Json& history) {
  history = Json::array();
  if (!request.previous.empty()) {
    const auto previous = store.find(place_of(caller, request.previous));
    if (!previous)
      return std::unexpected(
          Problem{400, fmt::format("Previous response with id '{}' not found.", request.previous),
                  "previous_response_id", "previous_response_not_found"});
    history = previous->messages;
  }
  Json& messages = request.conversation.context["messages"];
  for (const Json& message : messages) history.push_back(message);
  messages = history;
  if (!request.instructions.empty())
    messages.insert(messages.begin(),
                    Json({{"role", "system"}, {"content", request.instructions}}));
  return {};
}

Checked<Planned> plan_response(const Host& host, const Store& store, const http::Request& asked) {
  TRY_ASSIGN(const Json json, http::parse_json_object(asked.body));
  TRY_ASSIGN(ResponsesRequest request, parse_responses_request(json));
  TRY_ASSIGN(const service::ModelPointer model, host.find(request.conversation.params.model));
  Planned out;
  TRY(take_previous(*store, asked.caller, request, out.stored.messages));
  TRY_ASSIGN(out.plan, inference::plan_conversation(host, model, request.conversation, "input"));
  out.head = {.id = host.fresh_id("resp_"),
              .key = fmt::format("{:016x}", host.entropy()),
              .created = host.unix_time(),
              .model = model->info().id,
              .echoed = request.echoed};
  out.store = request.store;
  out.background = request.background;
  out.stored.input_items = request.input_items;
  return out;
}

void create(const Host& host, const Store& store, const http::Request& request,
            const Exchange& exchange) {
  auto planned = plan_response(host, store, request);
  if (!planned) return exchange->respond(http::problem_response(planned.error()));
  const ResponseHead head = planned->head;
  const StoredResponse base = planned->stored;
  const std::string place = place_of(request.caller, head.id);
  const auto keep = [store, base, place, wanted = planned->store](const Json& response,
                                                                  const Answer* answer) {
    if (!wanted) return;
    StoredResponse stored = base;
    stored.response = response;
    if (answer != nullptr) stored.messages.push_back(message_of(*answer));
    store->put(place, std::move(stored));
  };
  planned->plan.account = host.account(request, *planned->plan.model);
  const std::string id = planned->plan.account.request();
  planned->plan.shape = response_shape(head, keep);
  if (!planned->background) {
    inference::answer(std::move(planned->plan), exchange);
    return;
  }
  StoredResponse queued = base;
  queued.response = response_json(head, "in_progress");
  store->put(place, queued);
  if (const auto running = inference::answer(std::move(planned->plan), std::make_shared<Nobody>()))
    store->set_running(place, running);
  exchange->respond(inference::named(http::json_response(response_json(head, "queued")), id));
}

Problem unknown(const std::string& id) {
  return {404, fmt::format("Response with id '{}' not found.", id), "", "not_found"};
}

// "resp_1/input_items" → "resp_1", "input_items"
std::pair<std::string, std::string> split(const std::string& path) {
  const std::string rest(http::tail(kOne, path));
  const size_t slash = rest.find('/');
  if (slash == std::string::npos) return {rest, ""};
  return {rest.substr(0, slash), rest.substr(slash + 1)};
}

Json listed(const StoredResponse& stored) {
  Json data = stored.input_items;
  for (size_t i = 0; i < data.size(); ++i) {
    if (!data[i].contains("id")) data[i]["id"] = fmt::format("item_{:02}", i);
    if (!data[i].contains("type")) data[i]["type"] = "message";
  }
  Json first, last;
  if (!data.empty()) first = data.front()["id"], last = data.back()["id"];
  return {{"object", "list"},
          {"data", std::move(data)},
          {"first_id", first},
          {"last_id", last},
          {"has_more", false}};
}

void get(const Store& store, const http::Request& request, const Exchange& exchange) {
  const auto [id, what] = split(request.path);
  const auto stored = store->find(place_of(request.caller, id));
  if (!stored || !(what.empty() || what == "input_items"))
    return exchange->respond(http::problem_response(unknown(id)));
  exchange->respond(http::json_response(what.empty() ? stored->response : listed(*stored)));
}

// The generation's own end then tells the store that it was cancelled.
void cancel(const Store& store, const http::Request& request, const Exchange& exchange) {
  const auto [id, what] = split(request.path);
  auto stored = store->find(place_of(request.caller, id));
  if (!stored || what != "cancel") return exchange->respond(http::problem_response(unknown(id)));
  const auto running = stored->running.lock();
  if (stored->response["background"] != true)
    return exchange->respond(http::problem_response(
        {400, "Only responses in the background can be cancelled", "", "invalid_request"}));
  if (running != nullptr && stored->response["status"] == "in_progress") {
    running->cancel();
    stored->response["status"] = "cancelled";
  }
  exchange->respond(http::json_response(stored->response));
}

void erase(const Store& store, const http::Request& request, const Exchange& exchange) {
  const std::string id = split(request.path).first;
  if (!store->erase(place_of(request.caller, id)))
    return exchange->respond(http::problem_response(unknown(id)));
  exchange->respond(http::json_response({{"id", id}, {"object", "response"}, {"deleted", true}}));
}

}  // namespace

std::vector<http::Route> responses_routes(const std::shared_ptr<const Host>& host) {
  const auto store = std::make_shared<ResponseStore>();
  return {
      {"POST", "/v1/responses",
       [host, store](const http::Request& request, const Exchange& exchange) {
         create(*host, store, request, exchange);
       }},
      {"GET", kOne,
       [store](const http::Request& request, const Exchange& exchange) {
         get(store, request, exchange);
       }},
      {"POST", kOne,
       [store](const http::Request& request, const Exchange& exchange) {
         cancel(store, request, exchange);
       }},
      {"DELETE", kOne,
       [store](const http::Request& request, const Exchange& exchange) {
         erase(store, request, exchange);
       }},
  };
}

}  // namespace mill::openai
