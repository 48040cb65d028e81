#include "service/receipts/log.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "service/receipts/test_receipts.h"

namespace mill::receipts {

using namespace testing;

TEST_CASE("a log is a chain, also over restarts, and each tenant finds its own receipts") {
  const fs::path path = test_data::empty_folder("receipts_log") / "log";
  for (int opening = 0; opening < 3; ++opening) {
    const auto log = opened(path);
    for (int i = 0; i < 4; ++i) REQUIRE(attested(*log, fmt::format("req_{}_{}", opening, i)));
    CHECK(log->stats().receipts == 4);
    const auto found = log->find("req_0_2", "acme");
    REQUIRE(found->has_value());
    CHECK(read_receipt(**found)->receipt.number == 2);
    CHECK_FALSE(log->find("req_0_2", "beta")->has_value());
    CHECK_FALSE(log->find("req_0_9", "acme")->has_value());
  }
  const std::string third = opened(path)->find("req_0_2", "acme").value().value();
  const ChainReport report = report_of(path, third);
  CHECK(report.lines == 12);
  CHECK(report.wrong == 0);
  CHECK(report.has_line);
  CHECK_FALSE(report_of(path, line_for("req_0_2")).has_line);
}

TEST_CASE("many at once come in one chain, and the end waits for all of them") {
  const fs::path path = test_data::empty_folder("receipts_many") / "log";
  std::atomic<int> kept{0};
  {
    const auto log = opened(path);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i)
          log->attest(testimony(fmt::format("req_{}_{}", t, i)), [&](const Result<void>& told) {
            if (told) ++kept;
          });
      });
    for (std::thread& thread : threads) thread.join();
  }
  CHECK(kept == 200);
  CHECK(report_of(path).lines == 200);
  CHECK(report_of(path).wrong == 0);
}

TEST_CASE("a torn end is cut off at any byte, and the chain goes on behind it") {
  const fs::path path = test_data::empty_folder("receipts_torn") / "log";
  const std::string first = line_for("a");
  const std::string second = line_for("b", link_after(0, first));
  for (const size_t bytes : {size_t{0}, size_t{1}, second.size() / 2, second.size()}) {
    CAPTURE(bytes);
    std::ofstream(path, std::ios::binary) << first << "\n" << second.substr(0, bytes);
    CHECK(report_of(path).torn_bytes == bytes);
    CHECK(report_of(path).wrong == 0);
    REQUIRE(attested(*opened(path), "c"));
    CHECK(report_of(path).lines == 2);
    CHECK(report_of(path).wrong == 0);
    CHECK(text_of(path).starts_with(first + "\n"));
  }
}

TEST_CASE("what was done to a log is found, and no server goes on with it") {
  const fs::path path = test_data::empty_folder("receipts_tampered") / "log";
  std::vector<std::string> lines;
  for (Link link; lines.size() < 5; link = link_after(link.number, lines.back()))
    lines.push_back(line_for(fmt::format("req_{}", lines.size()), link));
  const auto found = [&](const std::vector<std::string>& changed, const char* says) {
    write(path, changed);
    const ChainReport report = report_of(path);
    REQUIRE_FALSE(report.problems.empty());
    CHECK_MESSAGE(report.problems.front().contains(says), report.problems.front());
    const auto log = Log::open({.path = path, .key = key(), .models = {}});
    return log.has_value();
  };
  write(path, lines);
  CHECK(report_of(path).wrong == 0);
  auto edited = lines;
  edited[2].replace(edited[2].find("acme"), 4, "beta");
  CHECK_FALSE(found(edited, "line 3: the signature"));
  auto dropped = lines;
  dropped.erase(dropped.begin() + 1);
  CHECK_FALSE(found(dropped, "line 2: it has the number 2, and 1 comes here: lines are missing"));
  auto moved = lines;
  std::swap(moved[1], moved[2]);
  CHECK_FALSE(found(moved, "line 2: it has the number 2"));
  auto twice = lines;
  twice.insert(twice.begin() + 3, lines[2]);
  CHECK_FALSE(found(twice, "line 4: it has the number 2, and 3 comes here: lines were moved"));
  auto replaced = lines;
  replaced[2] = line_for("req_other", {.number = 2, .previous = report_of(path).next.previous});
  CHECK_FALSE(found(replaced, "line 3: it does not follow"));
  auto spaced = lines;
  spaced[1].insert(1, 1, ' ');
  CHECK_FALSE(found(spaced, "line 2: it is not written as"));
  CHECK_FALSE(found({"poem"}, "line 1: no receipt"));
}

TEST_CASE("one server writes a log") {
  const fs::path path = test_data::empty_folder("receipts_lock") / "log";
  const auto log = opened(path);
  const auto second = Log::open({.path = path, .key = key(), .models = {}});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().message.contains("another server"));
  CHECK_FALSE(Log::open({.path = path.parent_path(), .key = key(), .models = {}}).has_value());
}

// A file that may not grow is a full disk that is easily had.
TEST_CASE("what cannot be written is told and taken back, and the chain goes on") {
  const fs::path path = test_data::empty_folder("receipts_full") / "log";
  const auto log = opened(path);
  REQUIRE(attested(*log, "a"));
  const std::string before = text_of(path);
  rlimit usual{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &usual) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = usual;
  tight.rlim_cur = before.size() + 100;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const auto lost = attested(*log, "b");
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &usual) == 0);
  std::signal(SIGXFSZ, handler);
  REQUIRE_FALSE(lost.has_value());
  CHECK(lost.error().kind == ErrorKind::io);
  CHECK(text_of(path) == before);
  CHECK(log->stats().lost == 1);
  CHECK_FALSE(log->find("b", "acme")->has_value());
  REQUIRE(attested(*log, "c"));
  CHECK(report_of(path).wrong == 0);
  CHECK(report_of(path).lines == 2);
}

}  // namespace mill::receipts
