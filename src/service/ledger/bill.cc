#include "service/ledger/bill.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "service/ledger/prices.h"
#include "service/ledger/schema.h"

namespace mill::ledger {
namespace {

// ORDER BY would follow the server's alphabet; the rows are sorted here, by bytes.
constexpr const char* kQuery =
    "SELECT tenant, model, COUNT(*), CAST(SUM(prompt_tokens) AS BIGINT), "
    "CAST(SUM(cached_tokens) AS BIGINT), CAST(SUM(thinking_tokens) AS BIGINT), "
    "CAST(SUM(answer_tokens) AS BIGINT), CAST(SUM(nanoeuros) AS BIGINT), {} FROM request "
    "WHERE ended >= $1 AND ended < $2 AND ($3 = '' OR tenant = $3) AND outcome != 'failed' "
    "GROUP BY tenant, model";

// A ledger that no newer server has opened yet knows no energy.
std::string query_for(int64_t version) {
  const char* energy = version < 2 ? "0, 0"
                                   : "CAST(SUM(millijoules) AS BIGINT), "
                                     "COUNT(CASE WHEN energy_source != '' THEN 1 END)";
  return fmt::format(fmt::runtime(kQuery), energy);
}

BillRow row_of(const Row& cells) {
  const auto number = [&](size_t column) { return whole_number(cells[column]); };
  return {.tenant = cells[0],
          .model = cells[1],
          .requests = number(2),
          .prompt = number(3),
          .cached = number(4),
          .thinking = number(5),
          .answer = number(6),
          .nanoeuros = number(7),
          .millijoules = number(8),
          .measured = number(9)};
}

BillRow total_of(const std::vector<BillRow>& rows) {
  BillRow total{.tenant = "total", .model = ""};
  for (const BillRow& row : rows) {
    total.requests += row.requests;
    total.prompt += row.prompt;
    total.cached += row.cached;
    total.thinking += row.thinking;
    total.answer += row.answer;
    total.nanoeuros += row.nanoeuros;
    total.millijoules += row.millijoules;
    total.measured += row.measured;
  }
  return total;
}

// Of some requests' energy nothing is known: then the sum would say too little.
bool whole_energy(const BillRow& row) { return row.measured > 0 && row.measured == row.requests; }

std::string joules_text(const BillRow& row, const char* unknown) {
  if (!whole_energy(row)) return unknown;
  return fmt::format("{}.{:03}", row.millijoules / 1000, row.millijoules % 1000);
}

nlohmann::ordered_json joules_json(const BillRow& row) {
  if (!whole_energy(row)) return nullptr;
  return static_cast<double>(row.millijoules) / 1000;
}

std::string quoted(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string out = "\"";
  for (const char c : field) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

nlohmann::ordered_json json_of(const BillRow& row) {
  return {{"tenant", row.tenant},        {"model", row.model},
          {"requests", row.requests},    {"prompt_tokens", row.prompt},
          {"cached_tokens", row.cached}, {"thinking_tokens", row.thinking},
          {"answer_tokens", row.answer}, {"euros", euros_text(row.nanoeuros)},
          {"joules", joules_json(row)}};
}

std::string table_line(const BillRow& row, size_t tenant_width, size_t model_width) {
  return fmt::format("{:<{}}  {:<{}}  {:>9}  {:>10}  {:>10}  {:>10}  {:>10}  {:>16}  {:>12}\n",
                     row.tenant.empty() ? "-" : row.tenant, tenant_width, row.model, model_width,
                     row.requests, row.prompt, row.cached, row.thinking, row.answer,
                     euros_text(row.nanoeuros), joules_text(row, "-"));
}

}  // namespace

Result<std::vector<BillRow>> bill(const BillQuery& query) {
  constexpr int kSums = 600'000;  // ms, of years' rows
  TRY_ASSIGN(const OpenedToRead ledger, open_to_read(query.ledger, kSums));
  const auto rows = ledger.database->query(
      query_for(ledger.version),
      {std::to_string(query.since), std::to_string(query.until), query.tenant});
  if (!rows) return within(shown(query.ledger) + ": no ledger", rows.error());
  std::vector<BillRow> found;
  for (const Row& row : *rows) found.push_back(row_of(row));
  std::ranges::sort(found, {}, [](const BillRow& it) { return std::tie(it.tenant, it.model); });
  return found;
}

std::string bill_table(const std::vector<BillRow>& rows) {
  size_t tenant_width = 6, model_width = 5;
  for (const BillRow& row : rows) {
    tenant_width = std::max(tenant_width, row.tenant.size());
    model_width = std::max(model_width, row.model.size());
  }
  std::string out =
      fmt::format("{:<{}}  {:<{}}  {:>9}  {:>10}  {:>10}  {:>10}  {:>10}  {:>16}  {:>12}\n",
                  "tenant", tenant_width, "model", model_width, "requests", "prompt", "cached",
                  "thinking", "answer", "euros", "joules");
  for (const BillRow& row : rows) out += table_line(row, tenant_width, model_width);
  return out + table_line(total_of(rows), tenant_width, model_width);
}

std::string bill_csv(const std::vector<BillRow>& rows) {
  std::string out =
      "tenant,model,requests,prompt_tokens,cached_tokens,thinking_tokens,answer_tokens,euros,"
      "joules\r\n";
  for (const BillRow& row : rows)
    out += fmt::format("{},{},{},{},{},{},{},{},{}\r\n", quoted(row.tenant), quoted(row.model),
                       row.requests, row.prompt, row.cached, row.thinking, row.answer,
                       euros_text(row.nanoeuros), joules_text(row, ""));
  return out;
}

std::string bill_json(const std::vector<BillRow>& rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const BillRow& row : rows) list.push_back(json_of(row));
  nlohmann::ordered_json total = json_of(total_of(rows));
  total.erase("tenant");
  total.erase("model");
  const nlohmann::ordered_json whole = {{"rows", std::move(list)}, {"total", std::move(total)}};
  return whole.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace mill::ledger
