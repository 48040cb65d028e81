#include "service/ledger/postgres.h"

#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <chrono>

#include "service/ledger/postgres_url.h"

namespace mill::ledger {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Finish {
  void operator()(PGconn* it) const { PQfinish(it); }
};
struct Clear {
  void operator()(PGresult* it) const { PQclear(it); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Answer = std::unique_ptr<PGresult, Clear>;

// Of the ledgers' tables, among a database's advisory locks: "tokenmil" in ASCII.
constexpr int64_t kMigrationLock = 0x746f6b656e6d696c;

// Whatever the database's default is: what others have committed meanwhile is seen.
constexpr const char* kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED";

constexpr const char* kBegan = "CAST(EXTRACT(EPOCH FROM backend_start) * 1000000 AS BIGINT)";

// libpq's messages have several lines, the last one ended, too.
std::string one_line(std::string_view message) {
  std::string out;
  for (const char c : message) {
    const bool blank = c == '\n' || c == '\t' || c == ' ';
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  return out.substr(0, out.find_last_not_of(' ') + 1);
}

// Without the details, which may quote what was in a row.
std::unexpected<Error> refused(const PGresult* answer) {
  const char* reason = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
  return fail(ErrorKind::io, "{}", one_line(reason ? reason : PQresultErrorMessage(answer)));
}

bool succeeded(const PGresult* answer) {
  const ExecStatusType status = PQresultStatus(answer);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

std::vector<Row> rows_of(const PGresult* answer) {
  std::vector<Row> rows(static_cast<size_t>(PQntuples(answer)));
  const int columns = PQnfields(answer);
  for (size_t i = 0; i < rows.size(); ++i)
    for (int column = 0; column < columns; ++column)
      rows[i].emplace_back(PQgetvalue(answer, static_cast<int>(i), column));
  return rows;
}

std::vector<const char*> values_of(const Row& parameters) {
  std::vector<const char*> values;
  for (const std::string& cell : parameters) values.push_back(cell.c_str());
  return values;
}

// libpq's calls that wait have no time limit, so what is sent and what comes is waited for here.
class Postgres : public Database {
 public:
  Postgres(Connection connection, milliseconds patience)
      : connection_(std::move(connection)), patience_(patience) {}

  using Database::query;
  Result<std::vector<Row>> query(const std::string& sql, const Row& parameters) override;
  Result<void> write(const std::string& sql, std::span<const Row> rows) override;
  Result<int64_t> version() override;
  Result<void> migrate(std::span<const char* const> steps) override;
  // The process that works for us, and when it began, in microseconds: a process's number comes
  // again, and may be somebody else's by then.
  Row session() const override { return session_; }
  Result<bool> end_session(const Row& session) override;
  Result<void> begin_session(const Opening&);
  bool lost() const override { return lost_ || PQstatus(connection_.get()) != CONNECTION_OK; }

 private:
  std::unexpected<Error> broken();
  int send(const char* sql, const Row& parameters);
  Result<void> send_transaction(const char* sql, std::span<const Row> rows);
  Result<void> wait(bool unsent, Clock::time_point deadline);
  Result<Answer> next(Clock::time_point deadline);
  Result<void> pipeline_done(Clock::time_point deadline);
  Result<void> take(std::span<const char* const> steps);
  Clock::time_point deadline() const { return Clock::now() + patience_; }

  Connection connection_;
  milliseconds patience_;
  bool lost_ = false;
  Row session_;
};

std::unexpected<Error> Postgres::broken() {
  lost_ = true;
  const std::string why = one_line(PQerrorMessage(connection_.get()));
  return fail(ErrorKind::io, "{}", why.empty() ? "the connection has broken" : why);
}

int Postgres::send(const char* sql, const Row& parameters) {
  return PQsendQueryParams(connection_.get(), sql, static_cast<int>(parameters.size()), nullptr,
                           values_of(parameters).data(), nullptr, nullptr, 0);
}

Result<void> Postgres::wait(bool unsent, Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
  pollfd socket{PQsocket(connection_.get()), static_cast<short>(unsent ? POLLIN | POLLOUT : POLLIN),
                0};
  const int ready = ::poll(&socket, 1, static_cast<int>(std::max(left, milliseconds(0)).count()));
  if (ready == 0) {
    lost_ = true;
    return fail(ErrorKind::io, "the server does not answer");
  }
  if ((socket.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_.get()) == 0) return broken();
  return {};
}

// The next answer; null where a statement's answers end.
Result<Answer> Postgres::next(Clock::time_point deadline) {
  while (true) {
    const int unsent = PQflush(connection_.get());
    if (unsent < 0 || lost()) return broken();
    if (PQisBusy(connection_.get()) == 0) return Answer(PQgetResult(connection_.get()));
    TRY(wait(unsent == 1, deadline));
  }
}

Result<std::vector<Row>> Postgres::query(const std::string& sql, const Row& parameters) {
  const auto until = deadline();
  const int sent = parameters.empty() ? PQsendQuery(connection_.get(), sql.c_str())
                                      : send(sql.c_str(), parameters);
  if (sent == 0) return broken();
  Result<std::vector<Row>> rows;
  while (true) {
    TRY_ASSIGN(const Answer answer, next(until));
    if (!answer) return rows;
    if (!succeeded(answer.get()))
      rows = refused(answer.get());
    else if (rows)
      rows = rows_of(answer.get());
  }
}

Result<void> Postgres::write(const std::string& sql, std::span<const Row> rows) {
  const auto until = deadline();
  Result<void> done = send_transaction(sql.c_str(), rows);
  if (done) done = pipeline_done(until);
  if (PQexitPipelineMode(connection_.get()) == 0) lost_ = true;  // something is still under way
  if (!lost() && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE)
    static_cast<void>(query("ROLLBACK"));
  return done;
}

// The statement has no name: it is prepared anew for each transaction, in the same journey, so
// that there is nothing to prepare again on another connection.
Result<void> Postgres::send_transaction(const char* sql, std::span<const Row> rows) {
  PGconn* const to = connection_.get();
  if (PQenterPipelineMode(to) == 0) return broken();
  bool sent = send(kBegin, {}) == 1 && PQsendPrepare(to, "", sql, 0, nullptr) == 1;
  for (const Row& row : rows)
    sent = sent && PQsendQueryPrepared(to, "", static_cast<int>(row.size()), values_of(row).data(),
                                       nullptr, nullptr, 0) == 1;
  sent = sent && send("COMMIT", {}) == 1 && PQpipelineSync(to) == 1;
  if (!sent) return broken();
  return {};
}

// After an error, the server skips what follows it; the first one tells why.
Result<void> Postgres::pipeline_done(Clock::time_point deadline) {
  Result<void> done;
  while (true) {
    TRY_ASSIGN(const Answer answer, next(deadline));
    if (!answer) continue;
    if (PQresultStatus(answer.get()) == PGRES_PIPELINE_SYNC) return done;
    if (done && !succeeded(answer.get())) done = refused(answer.get());
  }
}

Result<int64_t> Postgres::version() {
  TRY_ASSIGN(const auto found, query("SELECT to_regclass('ledger_version') IS NOT NULL"));
  if (found.front().front() != "t") return 0;
  TRY_ASSIGN(const auto rows, query("SELECT version FROM ledger_version"));
  if (rows.size() != 1) return fail(ErrorKind::io, "its table ledger_version has not one row");
  return whole_number(rows.front().front());
}

// The lock is the session's, and taken before BEGIN: a transaction that began earlier would go by
// what it had known of the tables then.
Result<void> Postgres::migrate(std::span<const char* const> steps) {
  TRY(query(fmt::format("SELECT pg_advisory_lock({})", kMigrationLock)));
  auto taken = take(steps);
  if (!taken && !lost()) static_cast<void>(query("ROLLBACK"));
  if (!lost()) static_cast<void>(query("SELECT pg_advisory_unlock_all()"));
  return taken;
}

Result<void> Postgres::take(std::span<const char* const> steps) {
  TRY(query(kBegin));
  TRY_ASSIGN(const int64_t seen, version());
  if (seen == 0) TRY(query("CREATE TABLE ledger_version AS SELECT CAST(0 AS BIGINT) AS version"));
  for (auto i = static_cast<size_t>(seen); i < steps.size(); ++i) TRY(query(steps[i]));
  TRY(query(fmt::format("UPDATE ledger_version SET version = {}", steps.size())));
  TRY(query("COMMIT"));
  return {};
}

Result<bool> Postgres::end_session(const Row& session) {
  TRY_ASSIGN(const auto found,
             query(fmt::format("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                               "WHERE pid = $1 AND {} = $2",
                               kBegan),
                   session));
  return found.empty();
}

// So that nothing of ours is left there for long, whatever becomes of us.
Result<void> Postgres::begin_session(const Opening& opening) {
  TRY(query(
      fmt::format("SET statement_timeout = {0}; SET idle_in_transaction_session_timeout = {0}",
                  opening.patience_ms)));
  if (opening.mode == Opening::Mode::read) TRY(query("SET default_transaction_read_only = on"));
  TRY(
      query("SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'"));
  TRY_ASSIGN(const auto ours,
             query(fmt::format("SELECT pid, {} FROM pg_stat_activity WHERE pid = pg_backend_pid()",
                               kBegan)));
  if (!ours.empty()) session_ = ours.front();
  return {};
}

// What is earlier here, the URL's own words replace; what is later replaces them. To a server that
// only reads (a standby) we connect only to read.
Result<Connection> connect(const std::string& url, bool reads) {
  const char* const session = reads ? "any" : "read-write";
  using Words = std::array<const char*, 6>;
  const Words keys = {"connect_timeout", "fallback_application_name", "target_session_attrs",
                      "dbname",          "client_encoding",           nullptr};
  const Words values = {"5", "tokenmill", session, url.c_str(), "UTF8", nullptr};
  Connection connection(PQconnectdbParams(keys.data(), values.data(), 1));
  if (!connection) return fail(ErrorKind::io, "no memory");
  if (PQstatus(connection.get()) != CONNECTION_OK)
    return fail(ErrorKind::io, "{}", one_line(PQerrorMessage(connection.get())));
  PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);  // else it prints
  PQsetnonblocking(connection.get(), 1);
  return connection;
}

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(const std::string& url, Opening opening) {
  constexpr milliseconds kJourney{1'000};  // the server's own time limit comes first
  TRY(check_postgres_url(url));
  TRY_ASSIGN(Connection connection, connect(url, opening.mode == Opening::Mode::read));
  const char* encoding = PQparameterStatus(connection.get(), "server_encoding");
  if (encoding == nullptr || std::string_view(encoding) != "UTF8")
    return fail(ErrorKind::unsupported,
                "the database's encoding is {}, which lacks letters that names may have; make one "
                "with createdb --encoding=UTF8 --template=template0",
                encoding == nullptr ? "unknown" : encoding);
  auto database = std::make_unique<Postgres>(std::move(connection),
                                             milliseconds(opening.patience_ms) + kJourney);
  TRY(database->begin_session(opening));
  return database;
}

}  // namespace mill::ledger
