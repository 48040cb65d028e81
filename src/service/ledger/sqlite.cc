#include "service/ledger/sqlite.h"

#include <sqlite3.h>

#include <functional>

namespace mill::ledger {
namespace {

std::unexpected<Error> failure(sqlite3* connection) {
  return fail(ErrorKind::io, "{}",
              connection == nullptr ? "no memory" : sqlite3_errmsg(connection));
}

class Statement {
 public:
  // The first statement of `rest`, which is what follows it from then on; of a blank one, blank.
  static Result<Statement> prepare(sqlite3* connection, const char*& rest) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v2(connection, rest, -1, &made, &rest) != SQLITE_OK)
      return failure(connection);
    return Statement(connection, made);
  }

  bool blank() const { return statement_ == nullptr; }

  Result<std::vector<Row>> run(const Row& parameters) {
    bind(parameters);
    std::vector<Row> rows;
    int code = SQLITE_OK;
    while ((code = sqlite3_step(statement_.get())) == SQLITE_ROW) rows.push_back(row());
    if (code != SQLITE_DONE) return failure(connection_);
    sqlite3_reset(statement_.get());
    return rows;
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* it) const { sqlite3_finalize(it); }
  };

  Statement(sqlite3* connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}

  // SQLite takes $1 for a name, and numbers names as they come.
  void bind(const Row& parameters) {
    sqlite3_stmt* const it = statement_.get();
    for (size_t i = 0; i < parameters.size(); ++i) {
      const int index = sqlite3_bind_parameter_index(it, fmt::format("${}", i + 1).c_str());
      sqlite3_bind_text(it, index, parameters[i].data(), static_cast<int>(parameters[i].size()),
                        SQLITE_TRANSIENT);
    }
  }

  Row row() const {
    Row cells;
    const int columns = sqlite3_column_count(statement_.get());
    for (int column = 0; column < columns; ++column) {
      const unsigned char* text = sqlite3_column_text(statement_.get(), column);
      const auto bytes = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column));
      cells.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text), bytes);
    }
    return cells;
  }

  sqlite3* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

struct Close {
  void operator()(sqlite3* it) const { sqlite3_close_v2(it); }
};

class Sqlite : public Database {
 public:
  explicit Sqlite(std::unique_ptr<sqlite3, Close> connection)
      : connection_(std::move(connection)) {}

  using Database::query;
  Result<std::vector<Row>> query(const std::string& sql, const Row& parameters) override {
    std::vector<Row> rows;
    for (const char* rest = sql.c_str(); *rest != '\0';) {
      TRY_ASSIGN(Statement statement, Statement::prepare(connection_.get(), rest));
      if (statement.blank()) continue;
      TRY_ASSIGN(rows, statement.run(parameters));
    }
    return rows;
  }

  Result<void> write(const std::string& sql, std::span<const Row> rows) override {
    return all_or_none([&]() -> Result<void> {
      const char* rest = sql.c_str();
      TRY_ASSIGN(Statement statement, Statement::prepare(connection_.get(), rest));
      for (const Row& row : rows) TRY(statement.run(row));
      return {};
    });
  }

  Result<int64_t> version() override {
    TRY_ASSIGN(const auto rows, query("PRAGMA user_version"));
    return whole_number(rows.front().front());
  }

  Result<void> migrate(std::span<const char* const> steps) override {
    return all_or_none([&]() -> Result<void> {
      TRY_ASSIGN(const int64_t seen, version());
      for (auto i = static_cast<size_t>(seen); i < steps.size(); ++i) TRY(query(steps[i]));
      TRY(query(fmt::format("PRAGMA user_version = {}", steps.size())));
      return {};
    });
  }

 private:
  // IMMEDIATE takes the lock for writing at once, so that what is read first still holds.
  Result<void> all_or_none(const std::function<Result<void>()>& work) {
    TRY(query("BEGIN IMMEDIATE"));
    auto done = work();
    if (auto ended = query(done ? "COMMIT" : "ROLLBACK"); done && !ended) {
      done = std::unexpected(std::move(ended).error());
      static_cast<void>(query("ROLLBACK"));  // fails where the COMMIT has ended it
    }
    return done;
  }

  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, Opening opening) {
  const bool creates = opening.mode == Opening::Mode::create;
  const int flags = creates ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  std::unique_ptr<sqlite3, Close> connection(opened);
  if (code != SQLITE_OK) return failure(opened);
  sqlite3_busy_timeout(opened, opening.patience_ms);
  auto database = std::make_unique<Sqlite>(std::move(connection));
  if (creates) TRY(database->query("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"));
  return database;
}

}  // namespace mill::ledger
