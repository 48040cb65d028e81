#include "service/ledger/database.h"

namespace mill::ledger {
namespace {

std::unexpected<Error> failure(sqlite3* database) {
  return fail(ErrorKind::io, "{}", database == nullptr ? "no memory" : sqlite3_errmsg(database));
}

}  // namespace

// A statement that cannot be prepared tells so when it is stepped.
Statement::Statement(sqlite3* database, std::string_view sql) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  statement_.reset(statement);
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text(statement_.get(), next_++, text.data(), static_cast<int>(text.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind(int64_t value) {
  sqlite3_bind_int64(statement_.get(), next_++, value);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failed();
}

Result<void> Statement::run() {
  Result<void> result;
  if (auto stepped = step(); !stepped) result = std::unexpected(std::move(stepped).error());
  sqlite3_reset(statement_.get());
  next_ = 1;
  return result;
}

std::string Statement::text(int column) const {
  const unsigned char* found = sqlite3_column_text(statement_.get(), column);
  return found == nullptr ? "" : reinterpret_cast<const char*>(found);
}

std::unexpected<Error> Statement::failed() const { return failure(database_); }

Result<Database> Database::open(const std::filesystem::path& path, Mode mode, int busy_ms) {
  Database database;
  sqlite3* connection = nullptr;
  const int flags =
      mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  database.connection_.reset(connection);
  if (code != SQLITE_OK) return within(path.string(), failure(connection).error());
  sqlite3_busy_timeout(connection, busy_ms);
  return database;
}

Result<void> Database::run(const char* sql) {
  if (sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return failure(connection_.get());
  return {};
}

}  // namespace mill::ledger
