#include "service/operations/loading.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "service/http/fields.h"

namespace mill::operations {
namespace {

using http::Checked;
using http::Fields;
using http::Json;
using http::Problem;
using inference::Host;
using Exchange = std::shared_ptr<http::Exchange>;

constexpr std::array<const char*, 2> kLoad = {"/models/load", "/v1/models/load"};
constexpr std::array<const char*, 2> kUnload = {"/models/unload", "/v1/models/unload"};

Checked<LoadRequest> load_request(const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  Fields fields(json);
  LoadRequest out;
  fields.text("model", out.model);
  fields.text("id", out.id);
  fields.integer("context", out.context, 1, 1 << 24);
  fields.text("kv_memory", out.kv_memory);
  fields.integer("parallel", out.parallel, 1, 4096);
  if (out.model.empty())
    fields.refuse("'model' is needed: the name of a model in the server's folder", "model");
  const bool printable = std::ranges::none_of(out.id, [](unsigned char c) { return c < ' '; });
  if (out.id == "default" || out.id.size() > 128 || !printable)
    fields.refuse("'id' must be at most 128 characters in one line, and not 'default'", "id");
  if (fields.problem()) return std::unexpected(*fields.problem());
  return out;
}

// One that does not fit will not fit in a second either: no 503.
Problem problem_of_load(const Error& error) {
  Problem problem = http::problem_of(error);
  if (error.kind == ErrorKind::exhausted) problem = {507, error.message, "", "out_of_memory"};
  return problem;
}

std::unexpected<Problem> taken(const std::string& id) {
  return std::unexpected(
      Problem{409, fmt::format("There is a model '{}' already; give this one another id", id), "id",
              "model_exists"});
}

Checked<Json> load(Host& host, const Loading& loading, const std::string& body) {
  TRY_ASSIGN(const LoadRequest request, load_request(body));
  if (host.models.in_use(request.id)) return taken(request.id);
  std::optional<Arrivals::Way> way;  // until it is among the others
  if (loading.arrivals)
    way.emplace(*loading.arrivals, request.id.empty() ? request.model : request.id);
  auto model = loading.open(request);
  if (!model) return std::unexpected(problem_of_load(model.error()));
  const service::ModelInfo info = (*model)->info();
  if (host.models.in_use(info.id)) return taken(info.id);
  if (loading.opened) loading.opened(info);
  if (const auto added = host.models.take(std::move(*model)); !added)
    return std::unexpected(http::problem_of(added.error()));
  return Json{{"success", true}, {"id", info.id}, {"context_length", info.context_max}};
}

Checked<std::string> unload_request(const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  Fields fields(json);
  std::string id;
  fields.text("id", id);
  fields.text("model", id);
  if (id.empty()) fields.refuse("'model' is needed: the id of the model to unload", "model");
  if (fields.problem()) return std::unexpected(*fields.problem());
  return id;
}

// The answer keeps nothing of the model's: it comes when that is gone.
void unload(Host& host, const http::Request& request, const Exchange& exchange) {
  const auto id = unload_request(request.body);
  if (!id) return exchange->respond(http::problem_response(id.error()));
  const bool found = host.models.remove(
      *id, [exchange] { exchange->respond(http::json_response({{"success", true}})); });
  if (!found)
    exchange->respond(http::problem_response(
        {404, fmt::format("The model '{}' is not here", *id), "model", "model_not_found"}));
}

void refuse(const http::Request&, const Exchange& exchange) {
  exchange->respond(http::problem_response(
      {400, "This server loads and unloads nothing: start it with --models-folder FOLDER", "",
       "no_models_folder"}));
}

}  // namespace

std::vector<http::Route> load_routes(const std::shared_ptr<Host>& host, Loading loading) {
  const bool may = loading.open != nullptr;
  const auto held = std::make_shared<const Loading>(std::move(loading));
  const http::Handler loader = [host, held](const http::Request& request,
                                            const Exchange& exchange) {
    const auto loaded = load(*host, *held, request.body);
    exchange->respond(loaded ? http::json_response(*loaded)
                             : http::problem_response(loaded.error()));
  };
  const http::Handler unloader = [host](const http::Request& request, const Exchange& exchange) {
    unload(*host, request, exchange);
  };
  std::vector<http::Route> all;
  for (const char* path : kLoad) all.push_back({"POST", path, may ? loader : refuse});
  for (const char* path : kUnload) all.push_back({"POST", path, may ? unloader : refuse});
  return all;
}

bool loads(const http::Request& request) {
  return request.method == "POST" &&
         std::ranges::any_of(kLoad, [&](const char* path) { return request.path == path; });
}

}  // namespace mill::operations
