#include "service/jobs/batch_input.h"

#include <fmt/format.h>

#include <unordered_set>

namespace mill::jobs {
namespace {

constexpr size_t kLinesMax = 50'000, kErrorsMax = 100, kIdBytesMax = 512;

struct Complaint {
  const char* code;
  std::string message;
  const char* param;
};

std::optional<Complaint> complaint_about(const Json& request, std::string_view endpoint) {
  const Json id = request.value("custom_id", Json());
  if (!id.is_string() || id.get_ref<const std::string&>().empty() ||
      id.get_ref<const std::string&>().size() > kIdBytesMax)
    return Complaint{"missing_required_parameter",
                     fmt::format("'custom_id' must be a string of 1 to {} bytes", kIdBytesMax),
                     "custom_id"};
  if (request.value("method", Json()) != "POST")
    return Complaint{"invalid_method", "'method' must be \"POST\"", "method"};
  if (request.value("url", Json()) != endpoint)
    return Complaint{"mismatched_url",
                     fmt::format("'url' must be the batch's endpoint, \"{}\"", endpoint), "url"};
  if (!request.value("body", Json()).is_object())
    return Complaint{"invalid_request", "'body' must be an object, the request itself", "body"};
  return std::nullopt;
}

void add_error(BatchInput& input, const Complaint& complaint, size_t line) {
  if (input.errors.size() >= kErrorsMax) return;
  Json param, number;
  if (*complaint.param != '\0') param = complaint.param;
  if (line > 0) number = line;
  input.errors.push_back({{"code", complaint.code},
                          {"message", complaint.message},
                          {"param", param},
                          {"line", number}});
}

}  // namespace

BatchInput check_batch_input(std::string_view text, std::string_view endpoint) {
  BatchInput input;
  std::unordered_set<std::string> ids;
  for (size_t at = 0, number = 1; at < text.size(); ++number) {
    const size_t end = std::min(text.size(), text.find('\n', at));
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto request = http::parse_json_object(line);
    if (!request) {
      add_error(input, {"invalid_json_line", request.error().message, ""}, number);
      continue;
    }
    if (const auto complaint = complaint_about(*request, endpoint)) {
      add_error(input, *complaint, number);
      continue;
    }
    const std::string id = (*request)["custom_id"];
    if (!ids.insert(id).second)
      add_error(input,
                {"duplicate_custom_id", "this 'custom_id' is an earlier line's", "custom_id"},
                number);
    input.lines.push_back({id, line});
  }
  if (input.lines.empty() && input.errors.empty())
    add_error(input, {"empty_file", "the input has no requests", ""}, 0);
  if (input.lines.size() > kLinesMax)
    add_error(
        input,
        {"too_many_requests",
         fmt::format("{} requests; a batch has {} at most", input.lines.size(), kLinesMax), ""},
        0);
  return input;
}

}  // namespace mill::jobs
