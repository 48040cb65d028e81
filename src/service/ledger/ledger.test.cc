#include "service/ledger/ledger.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <future>

#include "base/scratch_folder.h"
#include "service/ledger/bill.h"
#include "service/ledger/entries.h"
#include "service/ledger/postgres_url.h"
#include "service/ledger/schema.h"

namespace mill::ledger {
namespace {

using inference::Outcome;
using inference::Spent;
namespace fs = std::filesystem;

// Places for a test case's ledger: a file, and a schema on the server of PostgreSQL's that
// TOKENMILL_TEST_POSTGRES names, where it does (tests/postgres.py).
std::vector<std::string> places(const std::string& name) {
  std::vector<std::string> all = {test_data::empty_folder("ledger_" + name) / "l"};
  const char* server = std::getenv("TOKENMILL_TEST_POSTGRES");
  if (server == nullptr) return all;
  auto database = open_database(server, {});
  REQUIRE_MESSAGE(database.has_value(), (database ? "" : database.error().message));
  REQUIRE((*database)->query(
      fmt::format("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}", name)));
  all.push_back(fmt::format("{}?options=-csearch_path%3D{}", server, name));
  return all;
}

// As somebody else would: whatever is done to a ledger from outside.
std::unique_ptr<Database> outsider(const std::string& where) {
  auto database = open_database(where, {});
  REQUIRE_MESSAGE(database.has_value(), (database ? "" : database.error().message));
  return std::move(*database);
}

Spent spent(const std::string& id, const std::string& tenant, int64_t ended) {
  return {.request = id,
          .caller = {tenant, "key_1"},
          .endpoint = "/v1/completions",
          .model = "m",
          .digest = "d",
          .usage = {.prompt = 10, .cached = 4, .generated = 7, .thinking = 2},
          .ended = ended};
}

std::shared_ptr<Ledger> opened(LedgerOptions options) {
  auto ledger = Ledger::open(std::move(options));
  REQUIRE_MESSAGE(ledger.has_value(), (ledger ? "" : ledger.error().message));
  return *ledger;
}

Result<void> recorded(Ledger& ledger, Spent it) {
  std::promise<Result<void>> told;
  ledger.record(std::move(it), [&](Result<void> kept) { told.set_value(std::move(kept)); });
  return told.get_future().get();
}

std::shared_ptr<WatchedFile<Prices>> prices_in(const fs::path& folder, const char* text) {
  std::ofstream(folder / "prices.json") << text;
  auto file = WatchedFile<Prices>::open(folder / "prices.json", Prices::parse);
  REQUIRE(file.has_value());
  return *file;
}

}  // namespace

TEST_CASE("what is recorded is there for whoever opens the place, priced") {
  const auto prices =
      prices_in(test_data::empty_folder("ledger_prices"),
                R"({"models": {"m": {"prompt": 0.1, "cached": 0.01, "answer": 0.4}}})");
  const int64_t each = 6 * 100 + 4 * 10 + 7 * 400;  // nanoeuros; thinking costs what an answer does
  for (const std::string& where : places("priced")) {
    CAPTURE(where);
    std::atomic<int64_t> charged{0};
    {
      const auto ledger = opened({.where = where, .prices = prices, .charged = [&](const auto& it) {
                                    charged += it.nanoeuros;
                                  }});
      REQUIRE(recorded(*ledger, spent("a", "acme", 100)));
      REQUIRE(recorded(*ledger, spent("b", "acme", 200)));
      Spent failed = spent("c", "acme", 200);
      failed.outcome = Outcome::failed;
      REQUIRE(recorded(*ledger, failed));
      CHECK(ledger->stats().records == 3);
    }
    CHECK(charged == 2 * each);
    const auto rows = bill({.ledger = where});
    REQUIRE(rows.has_value());
    REQUIRE(rows->size() == 1);
    CHECK(rows->front().requests == 2);
    CHECK(rows->front().prompt == 20);
    CHECK(rows->front().cached == 8);
    CHECK(rows->front().thinking == 4);
    CHECK(rows->front().answer == 10);
    CHECK(rows->front().nanoeuros == 2 * each);
  }
}

TEST_CASE("a request is billed once, however often it is recorded") {
  for (const std::string& where : places("twice")) {
    CAPTURE(where);
    for (int opening = 0; opening < 2; ++opening) {
      const auto ledger = opened({.where = where});
      Spent cut = spent("a", "acme", 100);
      cut.usage.generated = 3;
      ledger->record(cut, [](const Result<void>&) {});
      REQUIRE(recorded(*ledger, spent("a", "acme", 100)));
    }
    CHECK(bill({.ledger = where})->front().requests == 1);
    CHECK(bill({.ledger = where})->front().answer == 5);
  }
}

TEST_CASE("whoever comes during a commit shares the next one; the end waits for all") {
  constexpr int kCount = 5'000;  // more than a socket's buffers hold
  for (const std::string& where : places("groups")) {
    CAPTURE(where);
    std::atomic<int> kept{0};
    uint64_t commits = 0;
    {
      const auto ledger = opened({.where = where});
      for (int i = 0; i < kCount; ++i)
        ledger->record(spent(std::to_string(i), "t", i), [&](const Result<void>& told) {
          if (told) ++kept;
        });
      REQUIRE(recorded(*ledger, spent("last", "t", 1)));
      commits = ledger->stats().commits;
    }
    CHECK(kept == kCount);
    CHECK(commits < kCount / 2);
    CHECK(bill({.ledger = where})->front().requests == kCount + 1);
  }
}

TEST_CASE("a ledger that cannot be written says so, and recovers") {
  for (const std::string& where : places("busy")) {
    CAPTURE(where);
    const auto ledger = opened({.where = where, .busy_ms = 200});
    const auto other = outsider(where);
    REQUIRE(other->query(is_postgres_url(where) ? "BEGIN; LOCK TABLE request" : "BEGIN IMMEDIATE"));
    REQUIRE_FALSE(recorded(*ledger, spent("a", "acme", 1)).has_value());
    CHECK(ledger->stats().lost == 1);
    CHECK_FALSE(ledger->stats().working);
    const std::string why = ledger->stats().trouble;
    CHECK_MESSAGE((why.ends_with("locked") || why.ends_with("statement timeout")), why);
    REQUIRE(other->query("COMMIT"));
    REQUIRE(recorded(*ledger, spent("b", "acme", 1)));
    CHECK(ledger->stats().working);
    CHECK(bill({.ledger = where})->front().requests == 1);
  }
}

TEST_CASE("a short trouble is no more than a wait") {
  for (const std::string& where : places("short")) {
    CAPTURE(where);
    const auto ledger = opened({.where = where});
    const auto other = outsider(where);
    REQUIRE(other->query("ALTER TABLE request RENAME TO away"));
    std::promise<Result<void>> told;
    ledger->record(spent("a", "acme", 1), [&](Result<void> it) { told.set_value(std::move(it)); });
    while (ledger->stats().working) std::this_thread::yield();
    REQUIRE(other->query("ALTER TABLE away RENAME TO request"));
    CHECK(told.get_future().get().has_value());
    CHECK(ledger->stats().lost == 0);
    CHECK(bill({.ledger = where})->front().requests == 1);
  }
}

TEST_CASE("those who open a new ledger at once all have it") {
  for (const std::string& where : places("openers")) {
    CAPTURE(where);
    std::vector<std::future<bool>> openers;
    for (int i = 0; i < 8; ++i)
      openers.push_back(std::async(std::launch::async, [&, i] {
        const auto ledger = Ledger::open({.where = where});
        return ledger && recorded(**ledger, spent(std::to_string(i), "acme", 1)).has_value();
      }));
    for (auto& opener : openers) CHECK(opener.get());
    CHECK(bill({.ledger = where})->front().requests == 8);
  }
}

TEST_CASE("what is no ledger, or one of a newer program, is refused") {
  const fs::path folder = test_data::empty_folder("ledger_foreign");
  std::ofstream(folder / "text") << std::string(4096, 'x');
  CHECK_FALSE(Ledger::open({.where = folder / "text"}).has_value());
  CHECK_FALSE(bill({.ledger = folder / "none"}).has_value());
  CHECK_FALSE(Ledger::open({.where = "mysql://mill@127.0.0.1/mill"}).has_value());
  for (const std::string& where : places("newer")) {
    CAPTURE(where);
    const auto database = outsider(where);
    const auto unmade = bill({.ledger = where});
    REQUIRE_FALSE(unmade.has_value());
    CHECK(unmade.error().kind == ErrorKind::not_found);
    REQUIRE(database->query(is_postgres_url(where)
                                ? "CREATE TABLE ledger_version AS SELECT 99 AS version"
                                : "PRAGMA user_version = 99"));
    const auto refused = Ledger::open({.where = where});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::unsupported);
    CHECK(bill({.ledger = where}).error().kind == ErrorKind::unsupported);
  }
}

TEST_CASE("a bill is of its time and its tenant") {
  for (const std::string& where : places("bills")) {
    CAPTURE(where);
    {
      const auto ledger = opened({.where = where});
      for (const int64_t time : {100, 200, 300}) {
        REQUIRE(recorded(*ledger, spent(fmt::format("a{}", time), "a,\"b", time)));
        REQUIRE(recorded(*ledger, spent(fmt::format("Z{}", time), "Zürich'", time)));
      }
      const auto since = ledger->since(200);
      REQUIRE(since.has_value());
      REQUIRE(since->size() == 2);
      CHECK(since->front().tokens == 2 * 17);
    }
    const auto rows = bill({.ledger = where, .since = 200, .until = 300, .tenant = "Zürich'"});
    REQUIRE(rows->size() == 1);
    CHECK(rows->front().requests == 1);
    CHECK(bill_csv(*bill({.ledger = where, .until = 200})) ==
          "tenant,model,requests,prompt_tokens,cached_tokens,thinking_tokens,answer_tokens,euros,"
          "joules\r\n"
          "Zürich',m,1,10,4,2,5,0.000000000,\r\n"
          "\"a,\"\"b\",m,1,10,4,2,5,0.000000000,\r\n");
    const auto json = nlohmann::json::parse(bill_json(*bill({.ledger = where})));
    CHECK(json["rows"].size() == 2);
    CHECK(json["total"]["prompt_tokens"] == 60);
  }
}

TEST_CASE("rows are told one by one, the latest first, page by page") {
  std::vector<Spent> all;  // in the order in which they shall come
  for (int i = 20; i-- > 0;) {
    const int64_t ended = 100 + i / 3;  // up to three in a second
    all.push_back(spent(fmt::format("req_{:02}", i), i % 2 == 0 ? "even" : "odd", ended));
    if (i % 5 == 0) all.back().outcome = Outcome::failed;
  }
  for (const std::string& where : places("entries")) {
    CAPTURE(where);
    {
      const auto ledger = opened({.where = where, .energy_source = "rapl"});
      for (size_t i = 0; i < all.size(); ++i)  // told in another order
        REQUIRE(recorded(*ledger, all[i * 7 % all.size()]));
    }
    for (const char* tenant : {"", "even"}) {
      EntryQuery query{.ledger = where, .limit = 3};
      if (*tenant != '\0') query.tenant = tenant;
      std::vector<std::string> told, expected;
      for (const Spent& it : all)
        if (!query.tenant || it.caller.tenant == tenant) expected.push_back(it.request);
      for (auto page = entries(query); !page->empty(); page = entries(query)) {
        for (const Entry& it : *page) told.push_back(it.request);
        query.ended = page->back().ended;
        query.before_id = page->back().request;
      }
      CHECK(told == expected);
    }
    CHECK(entries({.ledger = where, .outcome = "failed"})->size() == 4);
    CHECK(entries({.ledger = where, .tenant = ""})->empty());
    CHECK(entries({.ledger = where, .tenant = "odd", .request = "req_10"})->empty());
    const auto one = entries({.ledger = where, .request = "req_11"});
    REQUIRE(one->size() == 1);
    CHECK(one->front().key == "key_1");
    CHECK(one->front().digest == "d");
    CHECK(one->front().thinking == 2);
    CHECK(one->front().answer == 5);
    CHECK(one->front().ended == 103);
    CHECK(one->front().millijoules == 0);
  }
}

TEST_CASE("a ledger of version 1 is brought up to date, and its energy is unknown") {
  for (const std::string& where : places("old")) {
    CAPTURE(where);
    {
      const auto ledger = opened({.where = where});
      REQUIRE(recorded(*ledger, spent("old", "acme", 100)));
    }
    REQUIRE(outsider(where)->query(fmt::format(
        "DROP INDEX request_by_tenant; ALTER TABLE request DROP COLUMN millijoules;"
        "ALTER TABLE request DROP COLUMN energy_source; {} = 1",
        is_postgres_url(where) ? "UPDATE ledger_version SET version" : "PRAGMA user_version")));
    CHECK(bill({.ledger = where})->front().requests == 1);  // as it is
    CHECK(entries({.ledger = where})->front().millijoules == std::nullopt);
    {
      const auto ledger = opened({.where = where, .energy_source = "rapl"});
      Spent fresh = spent("new", "beta", 100);
      fresh.usage.joules = 12.3456;
      REQUIRE(recorded(*ledger, fresh));
      REQUIRE(recorded(*ledger, spent("newer", "acme", 100)));
    }
    const auto rows = bill({.ledger = where});
    REQUIRE(rows->size() == 2);
    const auto json = nlohmann::json::parse(bill_json(*rows));
    CHECK(json["rows"][1]["joules"] == 12.346);
    CHECK(json["rows"][0]["joules"].is_null());  // of one of two
    CHECK(json["total"]["joules"].is_null());
  }
}

TEST_CASE("a tenant's page reads that tenant's rows alone, in their order") {
  const std::string where = test_data::empty_folder("ledger_plan") / "l";
  const auto ledger = opened({.where = where});
  const auto plan = outsider(where)->query(
      "EXPLAIN QUERY PLAN SELECT key FROM request WHERE ended <= 9 AND (ended < 9 OR id < 'x') "
      "AND tenant = 'acme' ORDER BY ended DESC, id DESC LIMIT 50");
  REQUIRE(plan->size() == 1);  // no sorting behind it
  CHECK(plan->front().back().find("INDEX request_by_tenant (tenant=? AND ended<?)") !=
        std::string::npos);
}

TEST_CASE("a file made before there was another place for ledgers goes on") {
  const std::string where = test_data::empty_folder("ledger_file") / "l";
  REQUIRE(outsider(where)->query(R"(
    CREATE TABLE request (id TEXT PRIMARY KEY, tenant TEXT NOT NULL, key TEXT NOT NULL,
      endpoint TEXT NOT NULL, model TEXT NOT NULL, model_digest TEXT NOT NULL,
      prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
      thinking_tokens INTEGER NOT NULL, answer_tokens INTEGER NOT NULL, ended INTEGER NOT NULL,
      milliseconds INTEGER NOT NULL, outcome TEXT NOT NULL, nanoeuros INTEGER NOT NULL,
      millijoules INTEGER NOT NULL DEFAULT 0, energy_source TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE INDEX request_by_time ON request (ended, tenant);
    INSERT INTO request VALUES ('a', 'acme', '', '', 'm', '', 10, 4, 2, 5, 1, 1, 'whole', 9, 0, '');
    PRAGMA user_version = 2)"));
  {
    const auto ledger = opened({.where = where});
    REQUIRE(recorded(*ledger, spent("a", "acme", 100)));
    REQUIRE(recorded(*ledger, spent("b", "acme", 200)));
    CHECK(ledger->since(200)->front().tokens == 17);
  }
  CHECK(bill({.ledger = where})->front().requests == 2);
  CHECK(outsider(where)->query("SELECT typeof(ended) FROM request WHERE id = 'b'")->front() ==
        Row{"integer"});
}

TEST_CASE("prices are whole nanoeuros a token, and what is wrong with them is told") {
  const auto prices =
      Prices::parse(R"({"default": {"prompt": 0.15, "answer": 2}, "models": {"free": {}}})");
  REQUIRE(prices.has_value());
  CHECK(prices->usual.prompt == 150);
  CHECK(prices->usual.cached == 150);
  CHECK(prices->usual.thinking == 2000);
  CHECK(prices->nanoeuros("free", {.prompt = 9}) == 0);
  CHECK(euros_text(1'234'500'000) == "1.234500000");
  for (const char* wrong :
       {"[]", "{", R"({"default": 1})", R"({"default": {"prompt": -1}})",
        R"({"default": {"prompt": 0.0001}})", R"({"default": {"promt": 1}})", R"({"else": {}})"})
    CHECK_FALSE(Prices::parse(wrong).has_value());
}

}  // namespace mill::ledger
