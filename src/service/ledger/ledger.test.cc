#include "service/ledger/ledger.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

#include "base/scratch_folder.h"
#include "service/ledger/bill.h"

namespace mill::ledger {
namespace {

using inference::Outcome;
using inference::Spent;
namespace fs = std::filesystem;

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

TEST_CASE("what is recorded is there for whoever opens the file, priced") {
  const fs::path folder = test_data::empty_folder("ledger");
  const auto prices =
      prices_in(folder, R"({"models": {"m": {"prompt": 0.1, "cached": 0.01, "answer": 0.4}}})");
  std::atomic<int64_t> charged{0};
  {
    const auto ledger =
        opened({.path = folder / "l", .prices = prices, .charged = [&](const Charge& it) {
                  charged += it.nanoeuros;
                }});
    REQUIRE(recorded(*ledger, spent("a", "acme", 100)));
    REQUIRE(recorded(*ledger, spent("b", "acme", 200)));
    Spent failed = spent("c", "acme", 200);
    failed.outcome = Outcome::failed;
    REQUIRE(recorded(*ledger, failed));
    CHECK(ledger->stats().records == 3);
  }
  const int64_t each = 6 * 100 + 4 * 10 + 7 * 400;  // nanoeuros; thinking costs what an answer does
  CHECK(charged == 2 * each);
  const auto rows = bill({.ledger = folder / "l"});
  REQUIRE(rows.has_value());
  REQUIRE(rows->size() == 1);
  CHECK(rows->front().requests == 2);
  CHECK(rows->front().prompt == 20);
  CHECK(rows->front().cached == 8);
  CHECK(rows->front().thinking == 4);
  CHECK(rows->front().answer == 10);
  CHECK(rows->front().nanoeuros == 2 * each);
}

TEST_CASE("a request is billed once, however often it is recorded") {
  const fs::path folder = test_data::empty_folder("ledger_twice");
  for (int opening = 0; opening < 2; ++opening) {
    const auto ledger = opened({.path = folder / "l"});
    Spent cut = spent("a", "acme", 100);
    cut.usage.generated = 3;
    REQUIRE(recorded(*ledger, cut));
    REQUIRE(recorded(*ledger, spent("a", "acme", 100)));
  }
  CHECK(bill({.ledger = folder / "l"})->front().requests == 1);
  CHECK(bill({.ledger = folder / "l"})->front().answer == 5);
}

TEST_CASE("whoever comes during a commit shares the next one; the end waits for all") {
  const fs::path folder = test_data::empty_folder("ledger_group");
  constexpr int kCount = 500;
  std::atomic<int> kept{0};
  uint64_t commits = 0;
  {
    const auto ledger = opened({.path = folder / "l"});
    for (int i = 0; i < kCount; ++i)
      ledger->record(spent(std::to_string(i), "t", i), [&](const Result<void>& told) {
        if (told) ++kept;
      });
    REQUIRE(recorded(*ledger, spent("last", "t", 1)));
    commits = ledger->stats().commits;
  }
  CHECK(kept == kCount);
  CHECK(commits < kCount / 2);
  CHECK(bill({.ledger = folder / "l"})->front().requests == kCount + 1);
}

TEST_CASE("a ledger that cannot be written says so, and recovers") {
  const fs::path folder = test_data::empty_folder("ledger_busy");
  const auto ledger = opened({.path = folder / "l", .busy_ms = 20});
  auto other = Database::open(folder / "l", Database::Mode::create, 20);
  REQUIRE(other.has_value());
  REQUIRE(other->run("BEGIN IMMEDIATE"));
  const auto lost = recorded(*ledger, spent("a", "acme", 1));
  REQUIRE_FALSE(lost.has_value());
  CHECK(lost.error().message.find("locked") != std::string::npos);
  while (ledger->stats().working) std::this_thread::yield();
  CHECK(ledger->stats().lost == 1);
  REQUIRE(other->run("COMMIT"));
  REQUIRE(recorded(*ledger, spent("b", "acme", 1)));
  while (!ledger->stats().working) std::this_thread::yield();
  CHECK(bill({.ledger = folder / "l"})->front().requests == 1);
}

TEST_CASE("a file that is no ledger is refused") {
  const fs::path folder = test_data::empty_folder("ledger_foreign");
  std::ofstream(folder / "text") << std::string(4096, 'x');
  CHECK_FALSE(Ledger::open({.path = folder / "text"}).has_value());
  {
    auto newer = Database::open(folder / "newer", Database::Mode::create, 10);
    REQUIRE(newer->run("PRAGMA user_version = 99"));
  }
  const auto refused = Ledger::open({.path = folder / "newer"});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::unsupported);
  CHECK_FALSE(bill({.ledger = folder / "none"}).has_value());
}

TEST_CASE("a bill is of its time and its tenant") {
  const fs::path folder = test_data::empty_folder("ledger_bill");
  {
    const auto ledger = opened({.path = folder / "l"});
    for (const int64_t time : {100, 200, 300}) {
      REQUIRE(recorded(*ledger, spent(fmt::format("a{}", time), "a,\"b", time)));
      REQUIRE(recorded(*ledger, spent(fmt::format("z{}", time), "zeta", time)));
    }
    const auto since = ledger->since(200);
    REQUIRE(since.has_value());
    REQUIRE(since->size() == 2);
    CHECK(since->front().tokens == 2 * 17);
  }
  const auto rows = bill({.ledger = folder / "l", .since = 200, .until = 300, .tenant = "zeta"});
  REQUIRE(rows->size() == 1);
  CHECK(rows->front().requests == 1);
  CHECK(bill_csv(*bill({.ledger = folder / "l", .until = 200})) ==
        "tenant,model,requests,prompt_tokens,cached_tokens,thinking_tokens,answer_tokens,euros,"
        "joules\r\n"
        "\"a,\"\"b\",m,1,10,4,2,5,0.000000000,\r\n"
        "zeta,m,1,10,4,2,5,0.000000000,\r\n");
  const auto json = nlohmann::json::parse(bill_json(*bill({.ledger = folder / "l"})));
  CHECK(json["rows"].size() == 2);
  CHECK(json["total"]["prompt_tokens"] == 60);
}

TEST_CASE("a ledger of version 1 is brought up to date, and its energy is unknown") {
  const fs::path folder = test_data::empty_folder("ledger_old");
  {
    const auto ledger = opened({.path = folder / "l"});
    REQUIRE(recorded(*ledger, spent("old", "acme", 100)));
  }
  {
    auto old = Database::open(folder / "l", Database::Mode::create, 10);
    REQUIRE(
        old->run("ALTER TABLE request DROP COLUMN millijoules;"
                 "ALTER TABLE request DROP COLUMN energy_source; PRAGMA user_version = 1"));
  }
  CHECK(bill({.ledger = folder / "l"})->front().requests == 1);  // as it is
  {
    const auto ledger = opened({.path = folder / "l", .energy_source = "rapl"});
    Spent fresh = spent("new", "beta", 100);
    fresh.usage.joules = 12.3456;
    REQUIRE(recorded(*ledger, fresh));
    REQUIRE(recorded(*ledger, spent("newer", "acme", 100)));
  }
  const auto rows = bill({.ledger = folder / "l"});
  REQUIRE(rows->size() == 2);
  CHECK(nlohmann::json::parse(bill_json(*rows))["rows"][1]["joules"] == 12.346);
  CHECK(nlohmann::json::parse(bill_json(*rows))["rows"][0]["joules"].is_null());  // of one of two
  CHECK(nlohmann::json::parse(bill_json(*rows))["total"]["joules"].is_null());
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
