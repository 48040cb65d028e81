#pragma once
// A ledger on a server of PostgreSQL's, by libpq, which several servers of ours may share.
//
//   BEGIN, INSERT, INSERT … COMMIT ──▶ in one go (a pipeline), so that a commit costs one journey,
//                    ◀── 1, 1 … done   however many requests share it
//
// A commit is on that server's disk: synchronous_commit is on, whatever its default is. The version
// is the one row of the table ledger_version.

#include "service/ledger/database.h"

namespace mill::ledger {

// The URL is libpq's, with all that may stand after the question mark (postgres_url.h).
Result<std::unique_ptr<Database>> open_postgres(const std::string& url, Opening);

}  // namespace mill::ledger
