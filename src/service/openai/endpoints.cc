#include "service/openai/endpoints.h"

#include <fmt/format.h>

#include <utility>

#include "service/inference/answering.h"
#include "service/openai/chat_request.h"
#include "service/openai/completion_request.h"
#include "service/openai/embeddings.h"
#include "service/openai/responses.h"
#include "service/openai/shapes.h"
#include "service/openai/tokens.h"

namespace mill::openai {
namespace {

using inference::AnswerPlan;
using inference::Host;
using service::ModelPointer;
using Exchange = std::shared_ptr<http::Exchange>;

AnswerHead head_for(const Host& host, const service::ModelInfo& model, const char* prefix,
                    const GenerateParams& params) {
  return {.id = host.fresh_id(prefix),
          .created = host.unix_time(),
          .model = model.id,
          .logprobs = params.logprobs >= 0,
          .include_usage = params.include_usage,
          .n = params.n};
}

Checked<AnswerPlan> plan_chat(const Host& host, const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  TRY_ASSIGN(const inference::Conversation request, parse_chat_request(json));
  TRY_ASSIGN(const ModelPointer model, host.find(request.params.model));
  TRY_ASSIGN(AnswerPlan plan, inference::plan_conversation(host, model, request));
  plan.shape = chat_shape(head_for(host, model->info(), "chatcmpl-", request.params), *model);
  return plan;
}

std::vector<TokenId> tokens_of(const Prompt& prompt, const service::ServedModel& model) {
  if (const auto* tokens = std::get_if<std::vector<TokenId>>(&prompt)) return *tokens;
  return model.encode(std::get<std::string>(prompt), {});
}

std::string text_of(const Prompt& prompt, const service::ServedModel& model) {
  if (const auto* text = std::get_if<std::string>(&prompt)) return *text;
  return model.decode(std::get<std::vector<TokenId>>(prompt));
}

Checked<AnswerPlan> plan_completion(const Host& host, const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  TRY_ASSIGN(const CompletionRequest request, parse_completion_request(json));
  TRY_ASSIGN(const ModelPointer model, host.find(request.params.model));
  TRY(inference::check_bias(request.params, model->info()));
  TRY_ASSIGN(const grammar::GrammarPtr structure, host.grammar_of(request.params));
  const uint64_t seed = request.params.seed.value_or(host.entropy());
  AnswerPlan plan{.model = model,
                  .requests = {},
                  .n = request.params.n,
                  .shape = nullptr,
                  .stream = request.params.stream};
  std::vector<std::string> echoed;
  for (const Prompt& prompt : request.prompts) {
    std::vector<TokenId> tokens = tokens_of(prompt, *model);
    TRY(inference::check_tokens(tokens, model->info(), "prompt"));
    if (request.echo) echoed.push_back(text_of(prompt, *model));
    for (auto& one : inference::requests_for(std::move(tokens), request.params, structure, seed)) {
      one.echo_logprobs = request.echo && one.logprobs >= 0;
      plan.requests.push_back(std::move(one));
    }
  }
  plan.shape = completion_shape(head_for(host, model->info(), "cmpl-", request.params), *model,
                                std::move(echoed));
  return plan;
}

template <Checked<AnswerPlan> (*plan)(const Host&, const std::string&)>
http::Handler generating(const std::shared_ptr<const Host>& host) {
  return [host](const http::Request& request, const Exchange& exchange) {
    auto planned = plan(*host, request.body);
    if (!planned) return exchange->respond(http::problem_response(planned.error()));
    planned->account = host->account(request, *planned->model);
    inference::answer(std::move(*planned), exchange);
  };
}

template <Checked<Json> (*result)(const Host&, const std::string&)>
http::Handler answering(const std::shared_ptr<const Host>& host) {
  return [host](const http::Request& request, const Exchange& exchange) {
    const auto found = result(*host, request.body);
    exchange->respond(found ? http::json_response(*found) : http::problem_response(found.error()));
  };
}

// `status` is as llama.cpp's router says it.
Json model_json(const service::ServedModel& model) {
  const service::ModelInfo& info = model.info();
  return {{"id", info.id},
          {"object", "model"},
          {"created", info.created},
          {"owned_by", "tokenmill"},
          {"context_length", info.context_max},
          {"status", {{"value", model.stats().sleep.sleeping ? "sleeping" : "loaded"}}}};
}

void list_models(const Host& host, const Exchange& exchange) {
  Json data = Json::array();
  for (const auto& model : host.models.all()) data.push_back(model_json(*model));
  exchange->respond(http::json_response({{"object", "list"}, {"data", std::move(data)}}));
}

void show_model(const Host& host, const std::string& name, const Exchange& exchange) {
  const auto model = host.find(name);
  if (!model) return exchange->respond(http::problem_response(model.error()));
  exchange->respond(http::json_response(model_json(**model)));
}

}  // namespace

std::vector<http::Route> routes(const std::shared_ptr<const Host>& host) {
  static constexpr const char* kModels = "/v1/models/*";
  std::vector<http::Route> all = {
      {"GET", "/health",
       [host](const http::Request&, const Exchange& exchange) {
         Json health = {{"status", "ok"}};
         if (const auto model = host->find("default")) health["model"] = (*model)->info().id;
         exchange->respond(http::json_response(health));
       }},
      {"GET", "/v1/models",
       [host](const http::Request&, const Exchange& exchange) { list_models(*host, exchange); }},
      {"GET", kModels,
       [host](const http::Request& request, const Exchange& exchange) {
         show_model(*host, std::string(http::tail(kModels, request.path)), exchange);
       }},
      {"POST", "/v1/chat/completions", generating<plan_chat>(host)},
      {"POST", "/v1/completions", generating<plan_completion>(host)},
      {"POST", "/tokenize", answering<tokenize>(host)},
      {"POST", "/detokenize", answering<detokenize>(host)},
  };
  for (const auto& more : {responses_routes(host), embedding_routes(host)})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace mill::openai
