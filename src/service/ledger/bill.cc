#include "service/ledger/bill.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "service/ledger/ledger.h"

namespace mill::ledger {
namespace {

constexpr const char* kQuery =
    "SELECT tenant, model, COUNT(*), SUM(prompt_tokens), SUM(cached_tokens), "
    "SUM(thinking_tokens), SUM(answer_tokens), SUM(nanoeuros), {} FROM request "
    "WHERE ended >= ? AND ended < ? AND (? = '' OR tenant = ?) AND outcome != 'failed' "
    "GROUP BY tenant, model ORDER BY tenant, model";

// A ledger that no newer server has opened yet knows no energy.
Result<std::string> query_for(Database& database) {
  Statement version = database.prepare("PRAGMA user_version");
  TRY(version.step());
  const char* energy =
      version.integer(0) < 2 ? "0, 0" : "SUM(millijoules), SUM(energy_source != '')";
  return fmt::format(fmt::runtime(kQuery), energy);
}

BillRow row_of(const Statement& it) {
  return {.tenant = it.text(0),
          .model = it.text(1),
          .requests = it.integer(2),
          .prompt = it.integer(3),
          .cached = it.integer(4),
          .thinking = it.integer(5),
          .answer = it.integer(6),
          .nanoeuros = it.integer(7),
          .millijoules = it.integer(8),
          .measured = it.integer(9)};
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
  constexpr int kBusyMs = 5'000;
  TRY_ASSIGN(Database database, Database::open(query.ledger, Database::Mode::read, kBusyMs));
  const auto no_ledger = [&](Error error) {
    return within(query.ledger.string() + ": no ledger", std::move(error));
  };
  auto sql = query_for(database);
  if (!sql) return no_ledger(std::move(sql).error());
  Statement rows = database.prepare(*sql);
  rows.bind(query.since).bind(query.until).bind(query.tenant).bind(query.tenant);
  std::vector<BillRow> found;
  while (true) {
    auto more = rows.step();
    if (!more) return no_ledger(std::move(more).error());
    if (!*more) return found;
    found.push_back(row_of(rows));
  }
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
