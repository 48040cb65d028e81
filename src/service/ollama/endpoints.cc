#include "service/ollama/endpoints.h"

#include <utility>

#include "service/inference/embedding.h"
#include "service/ollama/ollama_request.h"
#include "service/ollama/ollama_shape.h"

namespace mill::ollama {
namespace {

using inference::AnswerPlan;
using inference::Host;
using Exchange = std::shared_ptr<http::Exchange>;

std::unique_ptr<inference::Shape> shape_for(const Host& host, const service::ModelInfo& model,
                                            bool chat) {
  return ollama_shape({.model = model.id,
                       .chat = chat,
                       .unix_time = host.unix_time,
                       .nanoseconds = host.nanoseconds});
}

Checked<AnswerPlan> plan_chat(const Host& host, const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  TRY_ASSIGN(const inference::Conversation request, parse_chat(json));
  TRY_ASSIGN(const service::ModelPointer model, host.find(request.params.model));
  TRY_ASSIGN(AnswerPlan plan, inference::plan_conversation(host, model, request));
  plan.shape = shape_for(host, model->info(), true);
  return plan;
}

Checked<AnswerPlan> plan_raw(const Host& host, const service::ModelPointer& model,
                             const std::string& prompt, const inference::GenerateParams& params) {
  std::vector<TokenId> tokens = model->encode(prompt, {});
  TRY(inference::check_tokens(tokens, model->info(), "prompt"));
  TRY_ASSIGN(const grammar::GrammarPtr structure, host.grammar_of(params));
  return AnswerPlan{.model = model,
                    .requests = inference::requests_for(std::move(tokens), params, structure,
                                                        params.seed.value_or(host.entropy())),
                    .shape = nullptr,
                    .stream = params.stream};
}

Checked<AnswerPlan> plan_generate(const Host& host, const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  TRY_ASSIGN(const Generate request, parse_generate(json));
  const inference::GenerateParams& params = request.conversation.params;
  TRY_ASSIGN(const service::ModelPointer model, host.find(params.model));
  auto plan = request.raw ? plan_raw(host, model, *request.raw, params)
                          : inference::plan_conversation(host, model, request.conversation);
  if (plan) plan->shape = shape_for(host, model->info(), false);
  return plan;
}

template <Checked<AnswerPlan> (*plan)(const Host&, const std::string&)>
http::Handler generating(const std::shared_ptr<const Host>& host) {
  return [host](const http::Request& request, const Exchange& exchange) {
    auto planned = plan(*host, request.body);
    if (!planned) return exchange->respond(refusal_of(planned.error()));
    planned->account = host->account(request, *planned->model);
    inference::answer(std::move(*planned), exchange);
  };
}

Json details_of(const service::ModelInfo&) {
  return {{"parent_model", ""},        {"format", "gguf"},     {"family", ""},
          {"families", Json::array()}, {"parameter_size", ""}, {"quantization_level", ""}};
}

Json tags(const Host& host) {
  Json models = Json::array();
  for (const auto& model : host.models.all()) {
    const service::ModelInfo& info = model->info();
    models.push_back({{"name", info.id},
                      {"model", info.id},
                      {"modified_at", timestamp(info.created)},
                      {"size", 0},
                      {"digest", ""},
                      {"details", details_of(info)}});
  }
  return {{"models", std::move(models)}};
}

Checked<Json> show(const Host& host, const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  Json name = json.value("model", Json());
  if (name.is_null()) name = json.value("name", Json());
  if (!name.is_string()) return http::refuse("model is required", "model");
  TRY_ASSIGN(const service::ModelPointer model, host.find(untagged(name.get<std::string>())));
  const service::ModelInfo& info = model->info();
  Json abilities = {"completion", "tools"};
  if (model->dialect().thoughts != nullptr) abilities.push_back("thinking");
  return Json{
      {"modelfile", ""},
      {"parameters", ""},
      {"template", ""},
      {"details", details_of(info)},
      {"model_info", {{"general.basename", info.id}, {"general.context_length", info.context_max}}},
      {"capabilities", std::move(abilities)},
      {"modified_at", timestamp(info.created)}};
}

// {"input": "…" or ["…"]} → {"embeddings": [[…]]}
void embed(const Host& host, const http::Request& request, const Exchange& exchange) {
  const auto json = http::parse_json_object(request.body);
  if (!json) return exchange->respond(refusal_of(json.error()));
  const Json name = json->value("model", Json());
  if (!name.is_string()) return exchange->respond(refusal_of({400, "model is required", "model"}));
  const auto model = host.find(untagged(name.get<std::string>()));
  if (!model) return exchange->respond(refusal_of(model.error()));
  auto texts = inference::texts_of(**model, json->value("input", Json()), "input");
  if (!texts) return exchange->respond(refusal_of(texts.error()));
  inference::Account account = host.account(request, **model);
  const auto tell = [exchange, served = (*model)->info().id,
                     id = account.request()](Checked<std::vector<inference::Embedding>> found) {
    if (!found) return exchange->respond(refusal_of(found.error()));
    Json vectors = Json::array();
    for (const auto& each : *found) vectors.push_back(each.values);
    const Json answer = {{"model", served},
                         {"embeddings", std::move(vectors)},
                         {"prompt_eval_count", inference::tokens_of(*found)}};
    exchange->respond(inference::named(http::json_response(answer), id));
  };
  inference::embed(**model, std::move(*texts), std::move(account), exchange, tell);
}

}  // namespace

std::vector<http::Route> routes(const std::shared_ptr<const Host>& host) {
  return {
      {"POST", "/api/chat", generating<plan_chat>(host)},
      {"POST", "/api/generate", generating<plan_generate>(host)},
      {"POST", "/api/embed",
       [host](const http::Request& request, const Exchange& exchange) {
         embed(*host, request, exchange);
       }},
      {"GET", "/api/tags",
       [host](const http::Request&, const Exchange& exchange) {
         exchange->respond(http::json_response(tags(*host)));
       }},
      {"POST", "/api/show",
       [host](const http::Request& request, const Exchange& exchange) {
         const auto shown = show(*host, request.body);
         exchange->respond(shown ? http::json_response(*shown) : refusal_of(shown.error()));
       }},
      {"GET", "/api/version",
       [](const http::Request&, const Exchange& exchange) {
         exchange->respond(http::json_response({{"version", TOKENMILL_VERSION}}));
       }},
  };
}

}  // namespace mill::ollama
