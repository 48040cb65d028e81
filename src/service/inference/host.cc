#include "service/inference/host.h"

#include "data/fetch/digest.h"

namespace mill::inference {

Checked<grammar::GrammarPtr> Host::grammar_of(const GenerateParams& params) const {
  if (!params.structure) return nullptr;
  const auto compiled = grammars->compiled(params.structure->spec);
  if (compiled) return *compiled;
  const std::string& field = params.structure->field;
  return http::refuse(fmt::format("'{}': {}", field, compiled.error().message), field);
}

Host::~Host() {
  if (courier) courier->close();
  if (jail) jail->close();
  models.stop();
  notary = nullptr;
  meter = nullptr;
}

Account Host::account(const http::Request& request, const ServedModel& model) const {
  const http::Caller& caller = request.caller;
  const int64_t queue_ms = caller.queue_ms_max > 0 ? caller.queue_ms_max : queue_ms_max;
  llm::Admission admission{
      .tenant = caller.tenant, .priority = caller.priority, .queue_ns_max = queue_ms * 1'000'000};
  if (meter == nullptr && notary == nullptr) return Account(std::move(admission));
  admission.request = caller.request.empty() ? fresh_id("req_") : caller.request;
  const std::string request_id = admission.request;
  Account account(std::move(admission), meter.get(),
                  {.request = request_id,
                   .caller = caller,
                   .endpoint = request.path,
                   .model = model.info().id,
                   .digest = model.info().digest,
                   .traceparent = std::string(request.header("traceparent"))},
                  {unix_time, nanoseconds});
  account.bound_by(budget);
  if (notary != nullptr && request.header(kReceiptHeader) == "true")
    account.promise({notary.get(),
                     {.request = account.request(),
                      .tenant = caller.tenant,
                      .endpoint = request.path,
                      .model = model.info().id,
                      .body_sha256 = fetch::sha256_of_text(request.body)}});
  return account;
}

}  // namespace mill::inference
