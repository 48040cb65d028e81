#pragma once
// A ledger in a file: SQLite with WAL and synchronous=FULL, so that a commit outlives a kill and a
// loss of power. The version is the file's user_version.

#include "service/ledger/database.h"

namespace mill::ledger {

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, Opening);

}  // namespace mill::ledger
