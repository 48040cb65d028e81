#pragma once
// Members of a request's object by name and type. Absent and null are the same: the value stays as
// it was. The first member that is wrong is remembered, so that a parser reads like a list:
//   Fields fields(body);
//   fields.number("temperature", sampling.temperature, 0, 2);
//   fields.flag("stream", params.stream);
//   if (fields.problem()) return std::unexpected(*fields.problem());

#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "service/http/json_body.h"
#include "service/http/problem.h"

namespace mill::http {

class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  const Json* find(const char* name) const;  // null where absent or null
  void number(const char* name, float& out, double low, double high);
  void flag(const char* name, bool& out);
  void text(const char* name, std::string& out);
  void refuse(std::string message, std::string param, std::string code = "");
  const std::optional<Problem>& problem() const { return problem_; }

  template <std::integral Int>
  void integer(const char* name, Int& out, int64_t low, int64_t high) {
    if (const auto value = whole(name, low, high)) out = static_cast<Int>(*value);
  }

 private:
  std::optional<int64_t> whole(const char* name, int64_t low, int64_t high);

  const Json& object_;
  std::optional<Problem> problem_;
};

}  // namespace mill::http
