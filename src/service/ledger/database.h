#pragma once
// SQLite, as far as the ledger needs it: a connection and its statements, with Results for codes.

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mill::ledger {

class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);
  Statement& bind(std::string_view);  // the next parameter
  Statement& bind(int64_t);
  Result<bool> step();  // true: a row is there
  Result<void> run();   // all of it, and ready for the next time
  int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  std::string text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* it) const { sqlite3_finalize(it); }
  };
  std::unexpected<Error> failed() const;

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_ = 1;
};

class Database {
 public:
  enum class Mode : uint8_t { create, read };
  // `busy_ms`: how long to wait for another program that writes.
  static Result<Database> open(const std::filesystem::path&, Mode, int busy_ms);
  Result<void> run(const char* sql);  // one or more statements
  Statement prepare(std::string_view sql) { return {connection_.get(), sql}; }

 private:
  struct Close {
    void operator()(sqlite3* it) const { sqlite3_close_v2(it); }
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace mill::ledger
