#include "service/openai/embeddings.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <utility>

#include "service/http/fields.h"
#include "service/inference/embedding.h"

namespace mill::openai {
namespace {

using http::Checked;
using http::Fields;
using http::Json;
using inference::Embedding;
using inference::Host;
using inference::ModelPointer;
using Exchange = std::shared_ptr<http::Exchange>;
using Embeddings = std::vector<Embedding>;

// What is to be embedded, and what to say once it is.
struct Plan {
  ModelPointer model;
  std::vector<std::vector<TokenId>> texts;
  std::function<Json(const Embeddings&)> answer;
};

// RFC 4648, of floats as they lie in memory, little-endian: what OpenAI's clients ask for.
std::string base64_of(const std::vector<float>& values) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<uint8_t> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < left ? bytes[i + k] : uint32_t{0});
    for (size_t k = 0; k < 4; ++k) out += k <= left ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

Checked<ModelPointer> model_of(const Host& host, Fields& fields) {
  std::string name;
  fields.text("model", name);
  if (fields.problem()) return std::unexpected(*fields.problem());
  return host.find(name);
}

Checked<Plan> plan_embeddings(const Host& host, const Json& body) {
  Fields fields(body);
  size_t dimensions = 0;
  std::string format = "float";
  fields.integer("dimensions", dimensions, 1, 1 << 20);
  fields.text("encoding_format", format);
  if (format != "float" && format != "base64")
    fields.refuse("'encoding_format' must be \"float\" or \"base64\"", "encoding_format");
  Plan plan;
  TRY_ASSIGN(plan.model, model_of(host, fields));
  TRY_ASSIGN(plan.texts, inference::texts_of(*plan.model, body.value("input", Json()), "input"));
  plan.answer = [dimensions, format, id = plan.model->info().id](const Embeddings& found) {
    Json data = Json::array();
    for (size_t i = 0; i < found.size(); ++i) {
      const std::vector<float> values = inference::shortened(found[i].values, dimensions);
      Json shown = values;
      if (format == "base64") shown = base64_of(values);
      data.push_back({{"object", "embedding"}, {"index", i}, {"embedding", std::move(shown)}});
    }
    const uint64_t tokens = inference::tokens_of(found);
    return Json{{"object", "list"},
                {"data", std::move(data)},
                {"model", id},
                {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}};
  };
  return plan;
}

// ["text", …] or [{"text": "…"}, …] → the texts
Checked<Json> documents_of(const Json& body) {
  Json texts = body.value("documents", Json());
  if (!texts.is_array() || texts.empty())
    return http::refuse("'documents' must be an array of texts, at least one", "documents");
  for (Json& text : texts) {
    if (text.is_object()) text = Json(text.value("text", Json()));
    if (!text.is_string())
      return http::refuse("'documents' must be strings, or objects with a 'text'", "documents");
  }
  return texts;
}

Json rerank_json(const Embeddings& found, const Json& documents, size_t top) {
  std::vector<size_t> order(documents.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto score = [&](size_t i) { return inference::cosine(found.front(), found[i + 1]); };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return score(a) > score(b); });
  order.resize(std::min(order.size(), top));
  Json results = Json::array();
  for (const size_t i : order)
    results.push_back(
        {{"index", i}, {"relevance_score", score(i)}, {"document", {{"text", documents[i]}}}});
  return results;
}

Checked<Plan> plan_rerank(const Host& host, const Json& body) {
  Fields fields(body);
  std::string query;
  size_t top = 1 << 20;
  fields.text("query", query);
  fields.integer("top_n", top, 1, 1 << 20);
  if (query.empty()) fields.refuse("'query' is needed: the text to compare with", "query");
  Plan plan;
  TRY_ASSIGN(plan.model, model_of(host, fields));
  TRY_ASSIGN(const Json documents, documents_of(body));
  TRY_ASSIGN(plan.texts, inference::texts_of(*plan.model, query, "query"));
  TRY_ASSIGN(auto more, inference::texts_of(*plan.model, documents, "documents"));
  for (auto& text : more) plan.texts.push_back(std::move(text));
  plan.answer = [documents, top, id = host.fresh_id("rerank-"),
                 model = plan.model->info().id](const Embeddings& found) {
    const uint64_t tokens = inference::tokens_of(found);
    return Json{{"id", id},
                {"model", model},
                {"results", rerank_json(found, documents, top)},
                {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}};
  };
  return plan;
}

// One text_1 with each text_2, or pair by pair.
Checked<Plan> plan_score(const Host& host, const Json& body) {
  Fields fields(body);
  Plan plan;
  TRY_ASSIGN(plan.model, model_of(host, fields));
  TRY_ASSIGN(plan.texts, inference::texts_of(*plan.model, body.value("text_1", Json()), "text_1"));
  TRY_ASSIGN(auto more, inference::texts_of(*plan.model, body.value("text_2", Json()), "text_2"));
  const size_t first = plan.texts.size();
  if (first != 1 && first != more.size())
    return http::refuse("'text_1' must be one text, or as many as 'text_2' has", "text_1");
  for (auto& text : more) plan.texts.push_back(std::move(text));
  plan.answer = [first, id = host.fresh_id("score-"), created = host.unix_time(),
                 model = plan.model->info().id](const Embeddings& found) {
    Json data = Json::array();
    for (size_t i = 0; first + i < found.size(); ++i)
      data.push_back({{"index", i},
                      {"object", "score"},
                      {"score", inference::cosine(found[first == 1 ? 0 : i], found[first + i])}});
    const uint64_t tokens = inference::tokens_of(found);
    return Json{{"id", id},
                {"object", "list"},
                {"created", created},
                {"model", model},
                {"data", std::move(data)},
                {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}};
  };
  return plan;
}

template <Checked<Plan> (*plan)(const Host&, const Json&)>
http::Handler embedding(const std::shared_ptr<const Host>& host) {
  return [host](const http::Request& request, const Exchange& exchange) {
    const auto body = http::parse_json_object(request.body);
    if (!body) return exchange->respond(http::problem_response(body.error()));
    auto planned = plan(*host, *body);
    if (!planned) return exchange->respond(http::problem_response(planned.error()));
    inference::Account account = host->account(request, *planned->model);
    const auto tell = [exchange, answer = std::move(planned->answer),
                       id = account.request()](Checked<Embeddings> found) {
      exchange->respond(found ? inference::named(http::json_response(answer(*found)), id)
                              : http::problem_response(found.error()));
    };
    inference::embed(*planned->model, std::move(planned->texts), std::move(account), exchange,
                     tell);
  };
}

}  // namespace

std::vector<http::Route> embedding_routes(const std::shared_ptr<const Host>& host) {
  return {
      {"POST", "/v1/embeddings", embedding<plan_embeddings>(host)},
      {"POST", "/v1/rerank", embedding<plan_rerank>(host)},
      {"POST", "/rerank", embedding<plan_rerank>(host)},
      {"POST", "/v1/score", embedding<plan_score>(host)},
      {"POST", "/score", embedding<plan_score>(host)},
  };
}

}  // namespace mill::openai
