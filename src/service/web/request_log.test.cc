#include "service/web/request_log.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/scratch_folder.h"
#include "service/web/past_requests.h"

namespace mill::web {
namespace {

using inference::Outcome;
using inference::Spent;

constexpr int64_t kUnix = 1'764'256'144'000'000'000, kSteady = 5'000'000'000;
const Viewer kOperator{.all = true};

RequestLogOptions options() {
  return {.moment = [] { return traces::Moment{kUnix, kSteady}; }};
}

Spent spent(const std::string& request, const char* tenant, Outcome outcome = Outcome::whole) {
  return {.request = request,
          .caller = {.tenant = tenant, .key = "key_1"},
          .endpoint = "/v1/completions",
          .model = "fake",
          .digest = "",
          .usage = {.prompt = 30, .cached = 10, .generated = 5, .thinking = 2, .joules = 1.5},
          .nanoseconds = 2'000'000'000,
          .began = 3'000'000'000,
          .outcome = outcome,
          .phases = {{.arrived = 3'000'001'000, .scheduled = 3'100'000'000}}};
}

std::shared_ptr<WatchedFile<ledger::Prices>> prices() {
  const auto path = test_data::empty_folder("request_log_prices") / "prices";
  std::ofstream(path) << R"({"default": {"prompt": 1, "answer": 2}})";
  auto file = WatchedFile<ledger::Prices>::open(
      path, [](const std::string& text) { return ledger::Prices::parse(text); });
  REQUIRE(file.has_value());
  return *file;
}

TEST_CASE("a request's timeline is told in milliseconds since 1970") {
  RequestLog log(options());
  const uint64_t number = log.add(spent("req_1", "acme"));
  auto it = log.find("req_1", kOperator);
  REQUIRE(it.has_value());
  CHECK((*it)["arrived_ms"] == 1'764'256'142'000.0);
  CHECK((*it)["ended_ms"] == 1'764'256'144'000.0);
  CHECK((*it)["answers"][0]["queued_ms"] == 1'764'256'142'000.001);
  CHECK((*it)["answers"][0]["began_ms"] == 1'764'256'142'100.0);
  CHECK((*it)["answers"][0]["first_token_ms"].is_null());
  CHECK((*it)["recorded_ms"].is_null());
  CHECK((*it)["euros"].is_null());
  CHECK((*it)["joules"].is_null());
  CHECK((*it)["receipt"] == false);
  log.recorded(number);
  CHECK((*log.find("req_1", kOperator))["recorded_ms"] == 1'764'256'144'000.0);
  CHECK(!log.find("req_2", kOperator).has_value());
}

TEST_CASE("prices and joules are told where they are known; our own failures cost nothing") {
  RequestLogOptions known = options();
  known.prices = prices();
  known.energy = true;
  RequestLog log(std::move(known));
  log.add(spent("req_1", "acme"));
  log.add(spent("req_2", "acme", Outcome::failed));
  CHECK((*log.find("req_1", kOperator))["euros"] == "0.000040000");  // 30·1000 + 5·2000 nanoeuros
  CHECK((*log.find("req_1", kOperator))["joules"] == 1.5);
  CHECK((*log.find("req_2", kOperator))["euros"] == "0.000000000");
  CHECK(log.earned().at("fake").nanoeuros == 40'000);
  CHECK(log.earned().at("fake").tokens == 35);
}

TEST_CASE("pages follow each other, the latest first, and each tenant has his own") {
  RequestLog log(options());
  for (int i = 0; i < 10; ++i) log.add(spent(fmt::format("r{}", i), i % 2 == 0 ? "even" : "odd"));
  std::string seen;
  RequestQuery query{.limit = 3};
  for (Json next = "0"; !next.is_null();) {
    const Json page = log.page(query, {.tenant = "odd"});
    for (const Json& it : page["data"]) seen += it["request"].get<std::string>();
    next = page["next"];
    if (!next.is_null()) query.before = std::stoull(next.get<std::string>());
  }
  CHECK(seen == "r9r7r5r3r1");
  CHECK(log.page({.limit = 50}, kOperator)["data"].size() == 10);
  CHECK(log.page({.limit = 50, .tenant = "even"}, kOperator)["data"].size() == 5);
  CHECK(log.page({.limit = 50, .tenant = "even"}, {.tenant = "odd"})["data"].empty());
  CHECK(log.page({.limit = 50, .outcome = "failed"}, kOperator)["data"].empty());
  CHECK(!log.find("r1", {.tenant = "even"}).has_value());
  CHECK(log.find("r1", {.tenant = "odd"}).has_value());
}

TEST_CASE("the ring is bounded, and what has left it may still be recorded") {
  RequestLogOptions small = options();
  small.kept_max = 4;
  RequestLog log(std::move(small));
  Spent many = spent("first", "acme");
  many.phases.assign(100, {.arrived = 1});
  const uint64_t first = log.add(many);
  CHECK((*log.find("first", kOperator))["answers"].size() == 16);
  for (int i = 0; i < 9; ++i) log.add(spent("later", "acme"));
  log.recorded(first);
  const Json page = log.page({}, kOperator);
  CHECK(page["data"].size() == 4);
  for (const Json& it : page["data"]) CHECK(it["recorded_ms"].is_null());
}

// A ledger of what has ended, as simple as can be: a list, from which all that fits is taken.
struct Written {
  std::vector<ledger::Entry> rows = {};  // the latest first

  Books books() const {
    return {.entries = [this](const ledger::EntryQuery& query) {
      std::vector<ledger::Entry> found;
      for (const ledger::Entry& it : rows) {
        const bool before =
            it.ended < query.ended || (it.ended == query.ended && it.request < query.before_id);
        const bool fits = (!query.tenant || it.tenant == *query.tenant) &&
                          (query.outcome.empty() || it.outcome == query.outcome) &&
                          (query.request.empty() || it.request == query.request);
        if (before && fits && found.size() < query.limit) found.push_back(it);
      }
      return Result<std::vector<ledger::Entry>>(std::move(found));
    }};
  }
};

TEST_CASE("behind the log comes the ledger, and no request is told twice or not at all") {
  RequestLogOptions small = options();
  small.kept_max = 7;
  RequestLog log(std::move(small));
  Written ledger;
  std::string all;
  for (int i = 10; i < 40; ++i) {  // the log's order is not the clock's
    Spent it = spent(fmt::format("r{}", i), i % 2 == 0 ? "even" : "odd");
    it.ended = 1000 + i / 4 - (i == 32 ? 1 : 0);
    log.add(it);
    ledger.rows.push_back({.request = it.request,
                           .tenant = it.caller.tenant,
                           .key = "",
                           .endpoint = "",
                           .model = "",
                           .digest = "",
                           .thinking = 2,
                           .answer = 3,
                           .ended = it.ended,
                           .milliseconds = 250,
                           .outcome = "whole"});
    all = it.request + all;
  }
  std::ranges::sort(ledger.rows, std::greater(),
                    [](const ledger::Entry& it) { return std::pair(it.ended, it.request); });
  const Books books = ledger.books();
  const auto told = [&](const Viewer& viewer, size_t limit) {
    std::string seen;
    const Json first = log.page({.limit = 50}, viewer);
    for (const Json& it : first["data"]) seen += it["request"].get<std::string>();
    PastQuery query{.query = {.limit = limit}, .from = behind(log, 5000)};
    for (bool more = true; more;) {
      const auto page = past_page(books, log, query, viewer);
      REQUIRE(page.has_value());
      for (const Json& it : (*page)["data"]) seen += it["request"].get<std::string>();
      more = !(*page)["next"].is_null();
      if (more) query.from = *PastCursor::parse((*page)["next"].get<std::string>());
    }
    return seen;
  };
  for (const size_t limit : {1U, 4U, 50U}) CHECK(told(kOperator, limit) == all);
  const std::string odd = told({.tenant = "odd"}, 3);
  CHECK(odd.size() == all.size() / 2);
  CHECK(odd.find("r38") == std::string::npos);
  PastQuery foreign{.query = {.tenant = "even"}, .from = {.ended = 5000}};
  CHECK((*past_page(books, log, foreign, {.tenant = "odd"}))["data"].empty());

  const Json one = past_request(books, "r11", {.tenant = "odd"}).value().value();
  CHECK(one["source"] == "ledger");
  CHECK(one["arrived_ms"] == 1'001'750);
  CHECK(one["generated_tokens"] == 5);
  CHECK(one["receipt"].is_null());
  CHECK(one["joules"].is_null());
  CHECK(!past_request(books, "r11", {.tenant = "even"}).value().has_value());
  CHECK(!past_request({}, "r11", kOperator).value().has_value());
  for (const char* wrong : {"", "12", ".a", "-1.a", "1e3.a"}) CHECK(!PastCursor::parse(wrong));
}

struct LateMeter : inference::Meter {
  inference::Kept waiting;
  void record(Spent, inference::Kept kept) override { waiting = std::move(kept); }
};

TEST_CASE("the meter behind the log has the last word") {
  const auto log = std::make_shared<RequestLog>(options());
  const auto ledger = std::make_shared<LateMeter>();
  LoggingMeter meter(ledger, log);
  int told = 0;
  meter.record(spent("req_1", "acme"), [&](const Result<void>& it) { told += it ? 1 : 100; });
  CHECK(told == 0);
  CHECK((*log->find("req_1", kOperator))["recorded_ms"].is_null());
  ledger->waiting({});
  CHECK(told == 1);
  CHECK(!(*log->find("req_1", kOperator))["recorded_ms"].is_null());
  meter.record(spent("req_2", "acme"), [&](const Result<void>& it) { told += it ? 1 : 100; });
  ledger->waiting(fail(ErrorKind::io, "the disk is full"));
  CHECK(told == 101);
  CHECK((*log->find("req_2", kOperator))["recorded_ms"].is_null());
  LoggingMeter alone(nullptr, log);
  alone.record(spent("req_3", "acme"), [&](const Result<void>& it) { told += it ? 1 : 100; });
  CHECK(told == 102);
}

}  // namespace
}  // namespace mill::web
