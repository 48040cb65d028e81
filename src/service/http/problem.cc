#include "service/http/problem.h"

namespace mill::http {
namespace {

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
    case ErrorKind::unsupported:
      return 400;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::exhausted:
      return 503;
    case ErrorKind::io:
      return 500;
    case ErrorKind::cancelled:
      return 499;
  }
  return 500;
}

const char* type_of(int status, const std::string& code) {
  if (status == 429) return code == "insufficient_quota" ? "insufficient_quota" : "tokens";
  if (status == 503) return "overloaded_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

nlohmann::ordered_json text_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return text;
}

}  // namespace

nlohmann::ordered_json problem_json(const Problem& problem) {
  nlohmann::ordered_json error;
  error["message"] = problem.message;
  error["type"] = type_of(problem.status, problem.code);
  error["param"] = text_or_null(problem.param);
  error["code"] = text_or_null(problem.code);
  return {{"error", std::move(error)}};
}

Response problem_response(const Problem& problem) {
  return refused(problem, problem_json(problem));
}

Response refused(const Problem& problem, const nlohmann::ordered_json& body) {
  Response response = json_response(body, problem.status);
  const int64_t usual = problem.status == 503 ? 1 : 0;
  const int64_t seconds = problem.retry_after > 0 ? problem.retry_after : usual;
  if (seconds > 0) response.headers.push_back({"Retry-After", std::to_string(seconds)});
  return response;
}

Problem problem_of(const Error& error) {
  Problem problem{.status = status_of(error.kind), .message = error.message};
  if (problem.status == 503) problem.code = "overloaded";
  return problem;
}

Response json_response(const nlohmann::ordered_json& value, int status) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = json_text(value)};
}

std::string json_text(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace mill::http
