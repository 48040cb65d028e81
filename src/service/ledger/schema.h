#pragma once
// The ledger's table, how older ones are brought up to date, and the statement that enters a row.
// docs/operating.md shows the columns.

#include "service/ledger/database.h"

namespace mill::ledger {

inline constexpr int64_t kSchemaVersion = 3;  // older ones are brought up to date

// The database, with the table as it is now, and the right to write to it.
Result<std::unique_ptr<Database>> open_ledger(const std::string& where, int patience_ms);
// For whoever sums up: an older one as it is; what is no ledger is an Error.
struct OpenedToRead {
  std::unique_ptr<Database> database;
  int64_t version = 0;
};
Result<OpenedToRead> open_to_read(const std::string& where, int patience_ms);

// Whether a row could be entered now, as far as that can be told without one.
Result<void> can_write(Database&);
// $1 to $16: kColumns. Again with the same id, the row is as it was told last.
std::string insert_statement();

}  // namespace mill::ledger
