#include "service/tenants/gate.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/utc.h"
#include "service/http/problem.h"
#include "service/operations/refusal.h"
#include "service/tenants/wishes.h"

namespace mill::tenants {
namespace {

using http::Checked;
using http::Problem;
using http::Request;

constexpr std::array<std::string_view, 6> kOpen = {"/",           "/console",    "/health",
                                                   "/v1/version", "/v1/license", "/api/version"};
constexpr std::array<std::string_view, 4> kOperators = {"/metrics", "/v1/metrics", "/v1/metadata",
                                                        "/is_sleeping"};
constexpr std::array<std::string_view, 6> kAdmins = {
    "/sleep", "/wake_up", "/models/load", "/v1/models/load", "/models/unload", "/v1/models/unload"};
// They are POSTs, but use no tokens.
constexpr std::array<std::string_view, 5> kFree = {"/tokenize", "/detokenize", "/api/show",
                                                   "/v1/messages/count_tokens", "/v1/files"};

constexpr const char* kConsoleData = "/v1/console/";

template <class Paths>
bool among(const Paths& paths, const std::string& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

bool is_open(const std::string& path) {
  return among(kOpen, path) || path.starts_with("/console/");
}

const char* scope_for(const std::string& path) {
  if (among(kAdmins, path)) return "admin";
  return among(kOperators, path) ? "metrics" : "inference";
}

std::unexpected<Problem> unauthorized(std::string message) {
  return std::unexpected(Problem{401, std::move(message), "", "invalid_api_key"});
}

// OpenAI's and Ollama's clients send the one header, Anthropic's the other.
std::string_view secret_of(const Request& request) {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view given = request.header("Authorization");
  if (given.size() > kBearer.size() &&
      ::strncasecmp(given.data(), kBearer.data(), kBearer.size()) == 0)
    return given.substr(kBearer.size());
  return request.header("x-api-key");
}

Checked<http::Caller> caller_of(const KeyRing& ring, const Request& request, int64_t now) {
  const std::string_view secret = secret_of(request);
  if (secret.empty())
    return unauthorized(
        "An API key is needed: the header 'Authorization: Bearer KEY', or 'x-api-key: KEY'");
  const Key* key = ring.find(secret);
  if (key == nullptr) return unauthorized("This API key is not known here");
  if (key->revoked != 0 && key->revoked <= now)
    return unauthorized(fmt::format("The API key {} has been revoked", key->id));
  if (key->expires != 0 && key->expires <= now)
    return unauthorized(
        fmt::format("The API key {} expired on {}", key->id, utc_text(key->expires)));
  const char* scope = scope_for(request.path);
  const bool operates = key->may("operations");
  if (!key->may(scope) && !(operates && request.path.starts_with(kConsoleData)))
    return std::unexpected(
        Problem{403, fmt::format("The API key {} lacks the scope '{}'", key->id, scope), "",
                "missing_scope"});
  return http::Caller{.tenant = key->tenant, .key = key->id, .operates = operates};
}

bool spends(const Request& request) {
  return request.method == "POST" && !among(kFree, request.path) && !among(kAdmins, request.path) &&
         !request.path.ends_with("/cancel");
}

std::optional<Problem> refusal_to_spend(const Gate& gate, const http::Caller& caller) {
  const auto ledger = gate.ledger.lock();
  if (ledger && !ledger->stats().working)
    return Problem{503, "The ledger cannot be written now; try again", "", "overloaded"};
  if (!gate.quotas) return std::nullopt;
  return gate.quotas->check(caller.tenant);
}

void pass(const Gate& gate, const http::Handler& inner, Request request,
          const std::shared_ptr<http::Exchange>& exchange) {
  if (is_open(request.path)) return inner(std::move(request), exchange);
  request.caller.operates = gate.keys == nullptr;
  if (gate.keys) {
    const auto ring = gate.keys->get();
    auto found = caller_of(*ring, request, gate.unix_time());
    if (!found) {
      http::Response response = operations::refusal_for(request.path, found.error());
      if (found.error().status == 401)
        response.headers.push_back({"WWW-Authenticate", "Bearer realm=\"tokenmill\""});
      return exchange->respond(std::move(response));
    }
    request.caller = std::move(*found);
  }
  if (const auto wishes = read_wishes(request, request.caller); !wishes)
    return exchange->respond(operations::refusal_for(request.path, wishes.error()));
  if (spends(request)) {
    if (const auto refused = refusal_to_spend(gate, request.caller))
      return exchange->respond(operations::refusal_for(request.path, *refused));
  }
  inner(std::move(request), exchange);
}

}  // namespace

http::Handler gated(Gate gate, http::Handler inner) {
  return [gate = std::move(gate), inner = std::move(inner)](
             Request request, const std::shared_ptr<http::Exchange>& exchange) {
    pass(gate, inner, std::move(request), exchange);
  };
}

}  // namespace mill::tenants
