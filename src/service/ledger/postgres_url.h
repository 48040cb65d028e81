#pragma once
// postgresql://USER:PASSWORD@HOST:PORT/DATABASE?NAME=VALUE&…, as libpq has it: every part may be
// left out, HOST may be several with commas between, or a folder with a Unix socket,
// %2Frun%2Fpostgresql.
//
// Nothing here tells a password, neither in what is shown nor in what is said of a wrong URL. So
// libpq's own complaints about URLs are not passed on: they quote them.

#include <string>

#include "base/error.h"

namespace mill::ledger {

bool is_postgres_url(const std::string& where);  // postgres:// will do, too

// That libpq reads it as it was meant. A '/' or '@' in a password that is not percent-encoded makes
// other parts of its rest, which would be shown, and sent to name servers.
Result<void> check_postgres_url(const std::string& url);

// The URL without password and parameters; of a wrong one, its scheme alone.
std::string shown_postgres_url(const std::string& url);

}  // namespace mill::ledger
