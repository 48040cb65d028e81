#include "service/jobs/file_endpoints.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>

#include "service/http/query.h"
#include "service/jobs/listing.h"
#include "service/jobs/multipart.h"

namespace mill::jobs {
namespace {

using http::Checked;
using http::Problem;
using Exchange = std::shared_ptr<http::Exchange>;

constexpr const char* kOne = "/v1/files/*";
constexpr int64_t kLifetimeLeast = 3'600, kLifetimeMost = 30 * 86'400;

Problem unknown(const std::string& id) {
  return {404, fmt::format("No such File object: {}", id), "id", "not_found"};
}

const Part* named(const std::vector<Part>& parts, std::string_view name) {
  const auto at =
      std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.name == name; });
  return at == parts.end() ? nullptr : &*at;
}

Checked<int64_t> lifetime_of(const std::vector<Part>& parts) {
  const Part* part = named(parts, "expires_after[seconds]");
  if (part == nullptr) return 0;
  int64_t seconds = 0;
  const char* end = part->content.data() + part->content.size();
  const auto [stopped, error] = std::from_chars(part->content.data(), end, seconds);
  if (error != std::errc() || stopped != end || seconds < kLifetimeLeast || seconds > kLifetimeMost)
    return http::refuse(fmt::format("'expires_after[seconds]' must be an integer from {} to {}",
                                    kLifetimeLeast, kLifetimeMost),
                        "expires_after");
  return seconds;
}

Checked<Json> create(Jobs& jobs, const http::Request& request) {
  static constexpr std::array<std::string_view, 5> kPurposes = {"batch", "assistants", "fine-tune",
                                                                "vision", "user_data"};
  TRY_ASSIGN(const std::string boundary, boundary_of(request.header("Content-Type")));
  TRY_ASSIGN(const std::vector<Part> parts, parse_multipart(request.body, boundary));
  const Part* file = named(parts, "file");
  const Part* purpose = named(parts, "purpose");
  if (file == nullptr || file->filename.empty())
    return http::refuse("'file' is missing: a part with a filename", "file");
  if (purpose == nullptr ||
      std::find(kPurposes.begin(), kPurposes.end(), purpose->content) == kPurposes.end())
    return http::refuse(fmt::format("'purpose' must be one of {}", fmt::join(kPurposes, ", ")),
                        "purpose");
  TRY_ASSIGN(const int64_t lifetime, lifetime_of(parts));
  const int64_t now = jobs.host().unix_time();
  const auto added = jobs.files().add({.id = jobs.host().fresh_id("file-"),
                                       .name = file->filename,
                                       .purpose = std::string(purpose->content),
                                       .created = now,
                                       .expires = lifetime > 0 ? now + lifetime : 0,
                                       .tenant = request.caller.tenant},
                                      file->content);
  if (!added) return std::unexpected(http::problem_of(added.error()));
  return *added;
}

Checked<Json> list(Jobs& jobs, const http::Request& request) {
  std::vector<Json> all = jobs.files().in_order(request.caller.tenant);
  const std::string order = http::query_value(request.query, "order");
  if (order != "asc" && order != "desc" && !order.empty())
    return http::refuse("'order' must be \"asc\" or \"desc\"", "order");
  if (order != "asc") std::reverse(all.begin(), all.end());
  const std::string purpose = http::query_value(request.query, "purpose");
  if (!purpose.empty())
    std::erase_if(all, [&](const Json& file) { return file["purpose"] != purpose; });
  return page_of(all, request.query, {.usual = 10'000, .most = 10'000});
}

Checked<Json> erase(Jobs& jobs, const http::Request& request) {
  const std::string id(http::tail(kOne, request.path));
  if (!jobs.files().find(id, request.caller.tenant)) return std::unexpected(unknown(id));
  const auto erased = jobs.files().erase(id);
  if (!erased) return std::unexpected(http::problem_of(erased.error()));
  if (!*erased) return std::unexpected(unknown(id));
  return Json{{"id", id}, {"object", "file"}, {"deleted", true}};
}

http::Response content(Jobs& jobs, const std::string& id) {
  std::ifstream file(jobs.files().path_of(id), std::ios::binary);
  if (!file) return http::problem_response(unknown(id));
  return {.headers = {{"Content-Type", "application/octet-stream"}},
          .body = std::string(std::istreambuf_iterator<char>(file), {})};
}

// The file itself, or its content.
http::Response get(Jobs& jobs, const http::Request& request) {
  constexpr std::string_view kContent = "/content";
  std::string id(http::tail(kOne, request.path));
  const bool wants_content = id.ends_with(kContent);
  if (wants_content) id.resize(id.size() - kContent.size());
  const auto file = jobs.files().find(id, request.caller.tenant);
  if (!file) return http::problem_response(unknown(id));
  return wants_content ? content(jobs, id) : http::json_response(*file);
}

template <Checked<Json> (*result)(Jobs&, const http::Request&)>
http::Handler answering(Jobs& jobs) {
  return [&jobs](const http::Request& request, const Exchange& exchange) {
    jobs.files().forget_expired(jobs.host().unix_time());
    const auto found = result(jobs, request);
    exchange->respond(found ? http::json_response(*found) : http::problem_response(found.error()));
  };
}

}  // namespace

std::vector<http::Route> file_routes(Jobs& jobs) {
  return {
      {"POST", "/v1/files", answering<create>(jobs)},
      {"GET", "/v1/files", answering<list>(jobs)},
      {"GET", kOne,
       [&jobs](const http::Request& request, const Exchange& exchange) {
         jobs.files().forget_expired(jobs.host().unix_time());
         exchange->respond(get(jobs, request));
       }},
      {"DELETE", kOne, answering<erase>(jobs)},
  };
}

}  // namespace mill::jobs
