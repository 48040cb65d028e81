#include "apps/eval_problems.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "llm/reason/final_answer.h"

namespace mill::apps {
namespace {

Result<Problem> problem_of(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  const auto text = [&](const char* name) {
    return json.is_object() && json.contains(name) && json[name].is_string()
               ? json[name].get<std::string>()
               : std::string();
  };
  const std::string question = text("question");
  const auto number = llm::final_number(text("answer"));
  if (question.empty() || !number)
    return fail(ErrorKind::invalid,
                "no problem; write {{\"question\": \"…\", \"answer\": \"… #### 18\"}}");
  return Problem{question, *number};
}

}  // namespace

Result<std::vector<Problem>> read_problems(const std::filesystem::path& path, size_t most) {
  std::ifstream file(path);
  if (!file) return fail(ErrorKind::not_found, "{} cannot be read", path.string());
  std::vector<Problem> problems;
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto problem = problem_of(line);
    if (!problem)
      return within(fmt::format("{}, line {}", path.string(), number), std::move(problem).error());
    problems.push_back(std::move(*problem));
    if (problems.size() == most) break;
  }
  if (problems.empty()) return fail(ErrorKind::invalid, "{} has no problems in it", path.string());
  return problems;
}

}  // namespace mill::apps
