#pragma once
// Refusals in the shape that OpenAI's clients understand:
//   {"error": {"message": "…", "type": "invalid_request_error", "param": "top_p", "code": null}}

#include <expected>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "service/http/message.h"

namespace mill::http {

struct Problem {
  int status = 400;
  std::string message = {};
  std::string param = {};   // the field that is wrong; "" = null
  std::string code = {};    // "" = null
  int64_t retry_after = 0;  // seconds after which it may go well; 0 = nobody knows, of a 503: 1
};

template <class T>
using Checked = std::expected<T, Problem>;

inline std::unexpected<Problem> refuse(std::string message, std::string param = "",
                                       std::string code = "") {
  return std::unexpected(Problem{400, std::move(message), std::move(param), std::move(code)});
}

nlohmann::ordered_json problem_json(const Problem&);
Response problem_response(const Problem&);
// The same in another shape: the status, and when to try again.
Response refused(const Problem&, const nlohmann::ordered_json& body);

Problem problem_of(const Error&);  // the kind becomes the status

Response json_response(const nlohmann::ordered_json&, int status = 200);
// Text as JSON writes it; bytes that are not UTF-8 become U+FFFD, so it never fails.
std::string json_text(const nlohmann::ordered_json&);

}  // namespace mill::http
