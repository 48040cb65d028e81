#include "service/ledger/entries.h"

#include <fmt/format.h>

#include "service/ledger/schema.h"

namespace mill::ledger {
namespace {

constexpr int kPatience = 5'000;  // ms

struct Asked {
  std::string sql;
  Row values;
};

// It goes by the index on `ended`; of one tenant, by that on (tenant, ended, id). A ledger of
// version 1 knows no energy.
Asked asked(const EntryQuery& query, int64_t version) {
  Asked it{.sql =
               "SELECT id, tenant, key, endpoint, model, model_digest, prompt_tokens, "
               "cached_tokens, thinking_tokens, answer_tokens, ended, milliseconds, outcome, "
               "nanoeuros, ",
           .values = {std::to_string(query.ended), query.before_id}};
  it.sql += version < 2 ? "0, ''" : "millijoules, energy_source";
  it.sql += " FROM request WHERE ended <= $1 AND (ended < $1 OR id < $2)";
  const auto only = [&it](const char* column, const std::string& value) {
    it.values.push_back(value);
    it.sql += fmt::format(" AND {} = ${}", column, it.values.size());
  };
  if (query.tenant) only("tenant", *query.tenant);
  if (!query.outcome.empty()) only("outcome", query.outcome);
  if (!query.request.empty()) only("id", query.request);
  it.sql += fmt::format(" ORDER BY ended DESC, id DESC LIMIT {}", query.limit);
  return it;
}

Entry entry_of(const Row& cells) {
  const auto number = [&](size_t column) { return whole_number(cells[column]); };
  Entry it{.request = cells[0],
           .tenant = cells[1],
           .key = cells[2],
           .endpoint = cells[3],
           .model = cells[4],
           .digest = cells[5],
           .prompt = number(6),
           .cached = number(7),
           .thinking = number(8),
           .answer = number(9),
           .ended = number(10),
           .milliseconds = number(11),
           .outcome = cells[12],
           .nanoeuros = number(13)};
  if (!cells[15].empty()) it.millijoules = number(14);
  return it;
}

}  // namespace

Result<std::vector<Entry>> entries(const EntryQuery& query) {
  TRY_ASSIGN(const OpenedToRead ledger, open_to_read(query.ledger, kPatience));
  const auto [sql, values] = asked(query, ledger.version);
  const auto rows = ledger.database->query(sql, values);
  if (!rows) return within(shown(query.ledger) + ": no ledger", rows.error());
  std::vector<Entry> found;
  for (const Row& row : *rows) found.push_back(entry_of(row));
  return found;
}

}  // namespace mill::ledger
