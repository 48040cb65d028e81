#include "service/ledger/database.h"

#include <charconv>

#include "service/ledger/postgres.h"
#include "service/ledger/postgres_url.h"
#include "service/ledger/sqlite.h"

namespace mill::ledger {

int64_t whole_number(const std::string& cell) {
  int64_t value = 0;
  std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return value;
}

Result<std::unique_ptr<Database>> open_database(const std::string& where, Opening opening) {
  if (is_postgres_url(where)) return open_postgres(where, opening);
  if (where.find("://") != std::string::npos)
    return fail(ErrorKind::invalid,
                "a ledger is a file, or postgresql://USER@HOST:PORT/DATABASE; nothing else");
  return open_sqlite(where, opening);
}

std::string shown(const std::string& where) {
  if (is_postgres_url(where)) return shown_postgres_url(where);
  const size_t scheme = where.find("://");
  return scheme == std::string::npos ? where : where.substr(0, scheme) + "://…";
}

}  // namespace mill::ledger
