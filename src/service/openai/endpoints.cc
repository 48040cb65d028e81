#include "service/openai/endpoints.h"

#include <fmt/format.h>

#include <utility>

#include "service/openai/answering.h"

namespace mill::openai {
namespace {

using ModelPointer = service::ServedModel*;
using Exchange = std::shared_ptr<http::Exchange>;

std::string fresh_id(const Service& service, const char* prefix) {
  return fmt::format("{}-{:016x}{:016x}", prefix, service.entropy(), service.entropy());
}

Checked<void> check_tokens(const std::vector<TokenId>& prompt, const service::ModelInfo& model,
                           const char* param) {
  if (prompt.empty()) return http::refuse("The prompt is empty", param);
  for (const TokenId token : prompt) {
    if (token < 0 || static_cast<size_t>(token) >= model.vocab_size)
      return http::refuse(fmt::format("Token {} is not in the vocabulary of {} (0 to {})", token,
                                      model.id, model.vocab_size - 1),
                          param);
  }
  if (prompt.size() >= model.context_max)
    return http::refuse(
        fmt::format("The prompt is {} tokens long; {} holds {} together with the answer. Shorten "
                    "it, or serve with a larger --context",
                    prompt.size(), model.id, model.context_max),
        param, "context_length_exceeded");
  return {};
}

// One request of the engine for each answer: the i-th of a prompt differs in its seed alone.
std::vector<llm::GenerateRequest> requests_for(std::vector<TokenId> prompt,
                                               const GenerateParams& params, uint64_t seed) {
  std::vector<llm::GenerateRequest> requests(params.n);
  for (uint32_t i = 0; i < params.n; ++i) {
    requests[i].prompt = i + 1 == params.n ? std::move(prompt) : prompt;
    requests[i].tokens_max = params.tokens_max;
    requests[i].sampling = params.sampling;
    requests[i].sampling.seed = seed + i;
    requests[i].stop = params.stop;
    requests[i].logprobs = params.logprobs;
    requests[i].grammar = params.grammar;
  }
  return requests;
}

AnswerPlan plan_for(ModelPointer model, const GenerateParams& params) {
  return {.model = model,
          .requests = {},
          .shape = nullptr,
          .n = params.n,
          .stream = params.stream,
          .include_usage = params.include_usage};
}

Checked<void> check_bias(const GenerateParams& params, const service::ModelInfo& model) {
  const auto& bias = params.sampling.logit_bias;
  if (bias.empty() || static_cast<size_t>(bias.rbegin()->first) < model.vocab_size) return {};
  return http::refuse(fmt::format("'logit_bias' has token {}; the vocabulary of {} ends at {}",
                                  bias.rbegin()->first, model.id, model.vocab_size - 1),
                      "logit_bias");
}

AnswerHead head_for(const Service& service, const service::ModelInfo& model, const char* prefix,
                    const GenerateParams& params) {
  return {.id = fresh_id(service, prefix),
          .created = service.unix_time(),
          .model = model.id,
          .logprobs = params.logprobs >= 0};
}

Checked<AnswerPlan> plan_chat(const Service& service, const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  TRY_ASSIGN(const ChatRequest request, parse_chat_request(json));
  TRY_ASSIGN(const ModelPointer model, service.find(request.params.model));
  TRY(check_bias(request.params, model->info()));
  auto text = model->render(request.context);
  if (!text) {
    Problem problem = http::problem_of(text.error());
    problem.param = "messages";
    return std::unexpected(problem);
  }
  std::vector<TokenId> prompt = model->encode(*text, {.add_special = false});
  TRY(check_tokens(prompt, model->info(), "messages"));
  AnswerPlan plan = plan_for(model, request.params);
  plan.requests = requests_for(std::move(prompt), request.params,
                               request.params.seed.value_or(service.entropy()));
  plan.shape = chat_shape(head_for(service, model->info(), "chatcmpl", request.params), *model);
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

Checked<AnswerPlan> plan_completion(const Service& service, const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  TRY_ASSIGN(const CompletionRequest request, parse_completion_request(json));
  TRY_ASSIGN(const ModelPointer model, service.find(request.params.model));
  TRY(check_bias(request.params, model->info()));
  const uint64_t seed = request.params.seed.value_or(service.entropy());
  AnswerPlan plan = plan_for(model, request.params);
  std::vector<std::string> echoed;
  for (const Prompt& prompt : request.prompts) {
    std::vector<TokenId> tokens = tokens_of(prompt, *model);
    TRY(check_tokens(tokens, model->info(), "prompt"));
    if (request.echo) echoed.push_back(text_of(prompt, *model));
    for (llm::GenerateRequest& one : requests_for(std::move(tokens), request.params, seed)) {
      one.echo_logprobs = request.echo && one.logprobs >= 0;
      plan.requests.push_back(std::move(one));
    }
  }
  plan.shape = completion_shape(head_for(service, model->info(), "cmpl", request.params), *model,
                                std::move(echoed), request.params.n);
  return plan;
}

template <Checked<AnswerPlan> (*plan)(const Service&, const std::string&)>
http::Handler generating(const std::shared_ptr<const Service>& service) {
  return [service](const http::Request& request, const Exchange& exchange) {
    auto planned = plan(*service, request.body);
    if (!planned) return exchange->respond(http::problem_response(planned.error()));
    answer(std::move(*planned), exchange);
  };
}

Json model_json(const service::ModelInfo& model) {
  return {{"id", model.id},
          {"object", "model"},
          {"created", model.created},
          {"owned_by", "tokenmill"},
          {"context_length", model.context_max}};
}

void list_models(const Service& service, const Exchange& exchange) {
  Json data = Json::array();
  for (const auto& model : service.models) data.push_back(model_json(model->info()));
  exchange->respond(http::json_response({{"object", "list"}, {"data", std::move(data)}}));
}

void show_model(const Service& service, const std::string& name, const Exchange& exchange) {
  const auto model = service.find(name);
  if (!model) return exchange->respond(http::problem_response(model.error()));
  exchange->respond(http::json_response(model_json((*model)->info())));
}

}  // namespace

Checked<service::ServedModel*> Service::find(const std::string& name) const {
  if (name.empty() || name == "default") return models.front().get();
  std::string known;
  for (const auto& model : models) {
    if (model->info().id == name) return model.get();
    known += "'" + model->info().id + "', ";
  }
  return std::unexpected(
      Problem{404, fmt::format("The model '{}' is not here; there is {}and 'default'", name, known),
              "model", "model_not_found"});
}

std::vector<http::Route> routes(const std::shared_ptr<const Service>& service) {
  static constexpr const char* kModels = "/v1/models/*";
  return {
      {"GET", "/health",
       [service](const http::Request&, const Exchange& exchange) {
         exchange->respond(http::json_response(
             {{"status", "ok"}, {"model", service->models.front()->info().id}}));
       }},
      {"GET", "/v1/models",
       [service](const http::Request&, const Exchange& exchange) {
         list_models(*service, exchange);
       }},
      {"GET", kModels,
       [service](const http::Request& request, const Exchange& exchange) {
         show_model(*service, std::string(http::tail(kModels, request.path)), exchange);
       }},
      {"POST", "/v1/chat/completions", generating<plan_chat>(service)},
      {"POST", "/v1/completions", generating<plan_completion>(service)},
  };
}

}  // namespace mill::openai
