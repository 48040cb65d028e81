#include "service/receipts/endpoints.h"

#include <algorithm>
#include <array>

#include "service/http/problem.h"
#include "service/operations/refusal.h"

namespace mill::receipts {
namespace {

using Exchange = std::shared_ptr<http::Exchange>;

constexpr const char* kOne = "/v1/receipts/*";
constexpr std::array<std::string_view, 6> kAnswering = {
    "/v1/chat/completions", "/v1/completions", "/v1/responses",
    "/v1/messages",         "/api/chat",       "/api/generate"};
constexpr const char* kNone =
    "This server keeps no receipts; `tokenmill serve --receipts FILE --receipt-key KEY` does";

void show(const Log& log, const http::Request& request, const Exchange& exchange) {
  const std::string id(http::tail(kOne, request.path));
  const auto found = log.find(id, request.caller.tenant);
  if (!found) return exchange->respond(http::problem_response(http::problem_of(found.error())));
  if (!*found)
    return exchange->respond(http::problem_response(
        {404,
         fmt::format("There is no receipt of the request '{}': it has one once its answer is over, "
                     "if it was sent with the header '{}: true'",
                     id, inference::kReceiptHeader),
         "", "not_found"}));
  exchange->respond({.headers = {{"Content-Type", "application/json"}}, .body = **found + "\n"});
}

http::Checked<void> check_wish(bool available, const http::Request& request) {
  const std::string_view wish = request.header(inference::kReceiptHeader);
  if (wish.empty() || wish == "false") return {};
  if (wish != "true")
    return http::refuse(fmt::format("The header '{}' must be true or false, where it is sent",
                                    inference::kReceiptHeader));
  if (!available) return http::refuse(kNone);
  if (std::ranges::find(kAnswering, request.path) != kAnswering.end()) return {};
  return http::refuse(
      fmt::format("There are receipts of answers alone, and {} gives none; leave out the header "
                  "'{}'",
                  request.path, inference::kReceiptHeader));
}

}  // namespace

std::vector<http::Route> routes(const std::shared_ptr<const Log>& log) {
  return {{"GET", kOne,
           [weak = std::weak_ptr(log)](const http::Request& request, const Exchange& exchange) {
             if (const auto alive = weak.lock()) return show(*alive, request, exchange);
             exchange->respond(http::problem_response({404, kNone, "", "not_found"}));
           }}};
}

http::Handler checked(bool available, http::Handler inner) {
  return [available, inner = std::move(inner)](const http::Request& request,
                                               const Exchange& exchange) {
    if (const auto fine = check_wish(available, request); !fine)
      return exchange->respond(operations::refusal_for(request.path, fine.error()));
    inner(request, exchange);
  };
}

}  // namespace mill::receipts
