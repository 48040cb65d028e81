#include "apps/load_trace.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace mill::apps {
namespace {

using nlohmann::json;

constexpr double kLatest = 31 * 24 * 3600 * 1e3;  // a month
constexpr int64_t kTokensMax = 1'000'000;

constexpr const char* kExample = R"({"at_ms": 0, "prompt_tokens": 100, "answer_tokens": 50})";

Result<uint32_t> tokens(const json& row, const char* name) {
  const json value = row.value(name, json());
  if (!value.is_number_integer() || value.get<int64_t>() < 1 || value.get<int64_t>() > kTokensMax)
    return fail(ErrorKind::invalid, "'{}' must be a whole number from 1 to {}", name, kTokensMax);
  return value.get<uint32_t>();
}

Result<TraceRow> parse_row(std::string_view line, double earliest) {
  const json row = json::parse(line, nullptr, false);
  if (!row.is_object())
    return fail(ErrorKind::invalid, "this is no JSON object; a row is like {}", kExample);
  const json at = row.value("at_ms", json());
  if (!at.is_number() || !(at.get<double>() >= 0 && at.get<double>() <= kLatest))
    return fail(ErrorKind::invalid, "'at_ms' must be milliseconds since the start, 0 or more");
  TraceRow parsed{.at_ms = at.get<double>()};
  if (parsed.at_ms < earliest)
    return fail(ErrorKind::invalid, "'at_ms' {} is before the row above's {}; sort them by time",
                parsed.at_ms, earliest);
  TRY_ASSIGN(parsed.prompt_tokens, tokens(row, "prompt_tokens"));
  TRY_ASSIGN(parsed.answer_tokens, tokens(row, "answer_tokens"));
  return parsed;
}

}  // namespace

Result<std::vector<TraceRow>> parse_trace(std::string_view text) {
  std::vector<TraceRow> rows;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto row = parse_row(line, rows.empty() ? 0 : rows.back().at_ms);
    if (!row) return within(fmt::format("line {}", number), row.error());
    rows.push_back(*row);
  }
  if (rows.empty()) return fail(ErrorKind::invalid, "it has no rows; one is like {}", kExample);
  return rows;
}

Result<std::vector<TraceRow>> read_trace(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad())
    return fail(ErrorKind::not_found, "--trace {}: cannot be read", path.string());
  auto rows = parse_trace(text);
  if (!rows) return within("--trace " + path.string(), rows.error());
  return rows;
}

}  // namespace mill::apps
