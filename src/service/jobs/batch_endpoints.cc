#include "service/jobs/batch_endpoints.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "service/http/fields.h"
#include "service/jobs/batch_input.h"
#include "service/jobs/listing.h"

namespace mill::jobs {
namespace {

using http::Checked;
using http::Fields;
using http::Problem;
using Exchange = std::shared_ptr<http::Exchange>;
namespace fs = std::filesystem;

constexpr const char* kOne = "/v1/batches/*";
constexpr size_t kWaitingMax = 100, kRememberedMax = 1'000;
constexpr int64_t kDay = 86'400;
constexpr std::array<std::string_view, 4> kEndpoints = {"/v1/chat/completions", "/v1/completions",
                                                        "/v1/embeddings", "/v1/responses"};

struct BatchRequest {
  std::string input_file, endpoint, window;
  Json metadata;
  int64_t lifetime = 0;  // of the output, in seconds; 0 = until it is deleted
};

Problem unknown(const std::string& id) {
  return {404, fmt::format("No batch found with id '{}'.", id), "batch_id", "not_found"};
}

void read_metadata(Fields& fields, Json& out) {
  const Json* given = fields.find("metadata");
  if (given == nullptr) return;
  const auto is_text = [](const Json& value) { return value.is_string(); };
  if (!given->is_object() || given->size() > 16 ||
      !std::all_of(given->begin(), given->end(), is_text))
    return fields.refuse("'metadata' must be an object of at most 16 strings", "metadata");
  out = *given;
}

void read_lifetime(Fields& fields, int64_t& out) {
  const Json* given = fields.find("output_expires_after");
  if (given == nullptr) return;
  Fields inner(*given);
  if (!given->is_object()) return fields.refuse("it must be an object", "output_expires_after");
  inner.integer("seconds", out, 3'600, 30 * kDay);
  if (inner.problem()) fields.refuse(inner.problem()->message, "output_expires_after.seconds");
}

Checked<BatchRequest> parse_batch_request(const Json& body) {
  BatchRequest out;
  Fields fields(body);
  fields.text("input_file_id", out.input_file);
  fields.text("endpoint", out.endpoint);
  fields.text("completion_window", out.window);
  read_metadata(fields, out.metadata);
  read_lifetime(fields, out.lifetime);
  if (std::find(kEndpoints.begin(), kEndpoints.end(), out.endpoint) == kEndpoints.end())
    fields.refuse(fmt::format("'endpoint' must be one of {}", fmt::join(kEndpoints, ", ")),
                  "endpoint");
  if (out.window != "24h")
    fields.refuse("'completion_window' must be \"24h\"", "completion_window");
  if (fields.problem()) return std::unexpected(*fields.problem());
  return out;
}

bool is_theirs(const Json& record, const http::Request& request) {
  return record.value("caller", Json::object()).value("tenant", "") == request.caller.tenant;
}

// A batch under way, or failed at once because its input is wrong.
Json record_of(const Jobs& jobs, const BatchRequest& request, const BatchInput& input) {
  const int64_t now = jobs.host().unix_time();
  Json shown = {
      {"id", jobs.host().fresh_id("batch_")},
      {"object", "batch"},
      {"endpoint", request.endpoint},
      {"input_file_id", request.input_file},
      {"completion_window", request.window},
      {"status", "in_progress"},
      {"created_at", now},
      {"in_progress_at", now},
      {"expires_at", now + kDay},
      {"request_counts", {{"total", input.lines.size()}, {"completed", 0}, {"failed", 0}}},
      {"metadata", request.metadata}};
  if (!input.errors.empty()) {
    shown["status"] = "failed";
    shown["failed_at"] = now;
    shown["errors"] = {{"object", "list"}, {"data", input.errors}};
    shown.erase("in_progress_at");
  }
  return {{"shown", std::move(shown)},
          {"output_file_id", jobs.host().fresh_id("file-")},
          {"error_file_id", jobs.host().fresh_id("file-")},
          {"lifetime", request.lifetime}};
}

// Of those that are over, the oldest are forgotten; there have to be fewer that are not.
Checked<void> make_room(Jobs& jobs) {
  const auto all = jobs.batches().in_order();
  size_t waiting = 0, excess = all.size() >= kRememberedMax ? all.size() - kRememberedMax + 1 : 0;
  for (const Json& record : all) {
    if (is_active(record["shown"])) {
      ++waiting;
    } else if (excess > 0) {
      --excess;
      static_cast<void>(jobs.batches().erase(record["shown"]["id"]));
    }
  }
  if (waiting < kWaitingMax) return {};
  return std::unexpected(
      Problem{503, fmt::format("{} batches wait already; try again once some are done", waiting),
              "", "overloaded"});
}

Checked<Json> create(Jobs& jobs, const http::Request& request) {
  TRY_ASSIGN(const Json body, http::parse_json_object(request.body));
  TRY_ASSIGN(const BatchRequest wanted, parse_batch_request(body));
  TRY(make_room(jobs));
  const auto file = jobs.files().find(wanted.input_file, request.caller.tenant);
  if (!file)
    return std::unexpected(Problem{404, fmt::format("No such File object: {}", wanted.input_file),
                                   "input_file_id", "not_found"});
  if ((*file)["purpose"] != "batch")
    return http::refuse("The input file's purpose must be \"batch\"", "input_file_id");
  const fs::path path = jobs.files().path_of(wanted.input_file);
  const auto mapped = MappedFile::open(path);
  if (!mapped) return std::unexpected(http::problem_of(mapped.error()));
  const auto bytes = (*mapped)->bytes();
  const BatchInput input = check_batch_input(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, wanted.endpoint);
  Json record = record_of(jobs, wanted, input);
  record["caller"] = {{"tenant", request.caller.tenant}, {"key", request.caller.key}};
  const std::string id = record["shown"]["id"];
  std::error_code error;
  if (input.errors.empty())
    fs::create_hard_link(path, jobs.batches_folder() / (id + ".input"), error);
  if (error) return std::unexpected(Problem{500, "The input: " + error.message()});
  if (const auto put = jobs.batches().put(id, record); !put)
    return std::unexpected(http::problem_of(put.error()));
  jobs.wake();
  return record["shown"];
}

Checked<Json> list(Jobs& jobs, const http::Request& request) {
  std::vector<Json> all;
  for (const Json& record : jobs.batches().in_order()) {
    if (is_theirs(record, request)) all.push_back(record["shown"]);
  }
  std::reverse(all.begin(), all.end());
  return page_of(all, request.query, {.usual = 20, .most = 100});
}

Checked<Json> get(Jobs& jobs, const http::Request& request) {
  const std::string id(http::tail(kOne, request.path));
  const auto record = jobs.batches().find(id);
  if (!record || !is_theirs(*record, request)) return std::unexpected(unknown(id));
  return (*record)["shown"];
}

// "batch_1/cancel". The worker does the rest when it comes to it.
Checked<Json> cancel(Jobs& jobs, const http::Request& request) {
  const std::string rest(http::tail(kOne, request.path));
  const size_t slash = rest.find('/');
  const std::string id = rest.substr(0, slash);
  if (slash == std::string::npos || rest.substr(slash) != "/cancel")
    return std::unexpected(unknown(rest));
  const auto found = jobs.batches().find(id);
  if (!found || !is_theirs(*found, request)) return std::unexpected(unknown(id));
  bool active = false;
  const auto changed = jobs.batches().change(id, Keep::on_disk, [&](Json& record) {
    Json& batch = record["shown"];
    active = is_active(batch);
    if (batch["status"] != "in_progress") return;
    batch["status"] = "cancelling";
    batch["cancelling_at"] = jobs.host().unix_time();
  });
  if (!changed) return std::unexpected(http::problem_of(changed.error()));
  if (!*changed) return std::unexpected(unknown(id));
  const Json shown = (**changed)["shown"];
  if (active) return shown;
  return std::unexpected(
      Problem{409, fmt::format("The batch is over ({}); there is nothing to cancel",
                               shown["status"].get<std::string>())});
}

template <Checked<Json> (*result)(Jobs&, const http::Request&)>
http::Handler answering(Jobs& jobs) {
  return [&jobs](const http::Request& request, const Exchange& exchange) {
    const auto found = result(jobs, request);
    exchange->respond(found ? http::json_response(*found) : http::problem_response(found.error()));
  };
}

}  // namespace

std::vector<http::Route> batch_routes(Jobs& jobs) {
  return {
      {"POST", "/v1/batches", answering<create>(jobs)},
      {"GET", "/v1/batches", answering<list>(jobs)},
      {"GET", kOne, answering<get>(jobs)},
      {"POST", kOne, answering<cancel>(jobs)},
  };
}

}  // namespace mill::jobs
