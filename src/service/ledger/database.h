#pragma once
// Where a ledger lies: the seam between it and a database, which is a file of SQLite's or a server
// of PostgreSQL's, by how the place is written: ledger.db, postgresql://mill@db.example:5432/mill.
//
// One dialect of SQL does for both: parameters are $1, $2 …, whole numbers BIGINT, and what is
// there already is ON CONFLICT's. All values travel as text; the column's type says what they are.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace mill::ledger {

using Row = std::vector<std::string>;

int64_t whole_number(const std::string& cell);  // "" and whatever is none: 0

class Database {
 public:
  virtual ~Database() = default;

  // The rows of the statement; without parameters it may be several, and the rows are the last's.
  virtual Result<std::vector<Row>> query(const std::string& sql, const Row& parameters) = 0;
  Result<std::vector<Row>> query(const std::string& sql) { return query(sql, {}); }

  // The statement once for each row of parameters: all in one transaction, which is on the disk
  // when this returns. After an error none of it is there, or all of it, if the answer to COMMIT
  // was lost on its way: so the statement should be one that may be repeated.
  virtual Result<void> write(const std::string& sql, std::span<const Row> rows) = 0;

  // How many of migrate()'s steps it has seen; 0: it holds no ledger.
  virtual Result<int64_t> version() = 0;
  // The steps that it has not seen, in one transaction. Who comes at the same time waits, and finds
  // them done.
  virtual Result<void> migrate(std::span<const char* const> steps) = 0;

  // The connection has broken, and this object is of no more use.
  virtual bool lost() const { return false; }
  // What the server calls this connection. Its work there may go on for a while after it is lost.
  virtual Row session() const { return {}; }
  // Asks another connection's work to end; true: it has ended.
  virtual Result<bool> end_session(const Row&) { return true; }
};

struct Opening {
  enum class Mode : uint8_t { create, read };
  Mode mode = Mode::create;
  // SQLite: for another program that writes. PostgreSQL: for the answer to a statement.
  int patience_ms = 5'000;
};

Result<std::unique_ptr<Database>> open_database(const std::string& where, Opening);

// For messages: the place without the password, and whatever else its URL says.
std::string shown(const std::string& where);

}  // namespace mill::ledger
