#include "apps/load_client.h"

#include <doctest/doctest.h>

#include "apps/load_fake_server.h"

namespace mill::apps {
namespace {

using namespace testing;
using std::chrono::milliseconds;

const FakeServer::Reply kWhole = {kHead,  piece("a"), piece("b"), piece("") + piece("c"),
                                  kUsage, kDone};

struct Asked {
  LoadFigures figures;
  int connections = 0;
  std::vector<std::string> requests;
};

// So many questions, one after the other, of one client.
Asked ask(std::vector<FakeServer::Reply> replies, int questions,
          std::optional<uint32_t> vanish_after = {}) {
  FakeServer server(std::move(replies));
  boost::asio::io_context context;
  Asked asked;
  LoadAddress address = server.address();
  address.api_key = "sk-1";
  LoadClient client(context, address, asked.figures);
  std::function<void()> next = [&] {
    if (questions-- > 0)
      client.ask({.body = "{}", .vanish_after = vanish_after, .due = LoadClock::now()}, next);
  };
  next();
  context.run_for(milliseconds(20'000));
  server.stop();
  asked.connections = server.connections();
  asked.requests = server.requests();
  return asked;
}

TEST_CASE("answers are counted and timed, over a connection that is kept") {
  const Asked asked = ask({kWhole, kWhole}, 2);
  const LoadFigures& f = asked.figures;
  CHECK(f.started == 2);
  CHECK(f.finished == 2);
  CHECK(f.prompt_tokens == 14);
  CHECK(f.answer_tokens == 6);
  CHECK(f.first.count() == 2);
  CHECK(f.gap.count() == 4);
  CHECK(f.gap.max_s() >= 0.01);
  CHECK(f.whole.percentile_s(0.5) >= f.first.percentile_s(0.5));
  CHECK(asked.connections == 1);
  REQUIRE(asked.requests.size() == 2);
  CHECK(asked.requests[0].starts_with("POST /v1/completions HTTP/1.1\r\nHost: test\r\n"));
  CHECK(asked.requests[0].find("\r\nAuthorization: Bearer sk-1\r\n") != std::string::npos);
  CHECK(asked.requests[0].ends_with("\r\n\r\n{}"));
}

TEST_CASE("whatever is no whole answer has failed, and says why") {
  struct Row {
    FakeServer::Reply reply;
    const char* complaint;
  };
  const Row rows[] = {
      {{"HTTP/1.1 503 Busy\r\nContent-Length: 7\r\n\r\n", "no room"}, "status 503: no room"},
      {{kHead, piece("a"), kClose}, "in the middle"},
      {{kHead, piece("a"), kUsage, "0\r\n\r\n"}, "[DONE]"},
      {{kHead, piece("a"), kDone}, "include_usage"},
      {{kHead, event(R"({"error":{"message":"it broke"}})"), kDone}, "it broke"},
      {{kHead, event("<html>"), kDone}, "no JSON"},
      {{"SSH-2.0-OpenSSH\r\n"}, "not HTTP"},
      {{kClose}, "without an answer"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.complaint);
    const Asked asked = ask({row.reply, kWhole}, 2);
    CHECK(asked.figures.failed == 1);
    CHECK(asked.figures.finished == 1);
    REQUIRE(asked.figures.complaints.size() == 1);
    CHECK(asked.figures.complaints[0].find(row.complaint) != std::string::npos);
  }
}

TEST_CASE("a kept connection that the server closed meanwhile costs no question") {
  FakeServer::Reply closing = kWhole;
  closing.push_back(kClose);
  const Asked asked = ask({closing, kWhole}, 2);
  CHECK(asked.figures.finished == 2);
  CHECK(asked.figures.failed == 0);
  CHECK(asked.connections == 2);
}

TEST_CASE("clients vanish after so many pieces") {
  for (const uint32_t pieces : {0U, 1U, 2U}) {
    CAPTURE(pieces);
    const Asked asked = ask({kWhole, kWhole}, 1, pieces);
    CHECK(asked.figures.vanished == 1);
    CHECK(asked.figures.vanished_pieces == pieces);
    CHECK(asked.figures.finished == 0);
    CHECK(asked.figures.failed == 0);
  }
  CHECK(ask({kWhole}, 1, 4).figures.finished == 1);  // it has ended before
}

TEST_CASE("a silent server loses its client's patience") {
  FakeServer server({{kHead, piece("a"), kSilence}});
  boost::asio::io_context context;
  LoadFigures figures;
  const LoadAddress address = server.address();
  LoadClient client(context, address, figures);
  client.ask({.body = "{}", .vanish_after = {}, .due = LoadClock::now()}, [] {});
  context.run_for(milliseconds(100));
  client.check_patience(LoadClock::now(), std::chrono::seconds(60));
  CHECK(figures.failed == 0);
  client.check_patience(LoadClock::now() + std::chrono::seconds(61), std::chrono::seconds(60));
  context.restart();
  context.run_for(milliseconds(10'000));
  CHECK(figures.failed == 1);
  CHECK(figures.complaints.at(0).find("nothing") != std::string::npos);
}

TEST_CASE("times count from when the question was due, and a server that is not there fails") {
  FakeServer server({kWhole});
  boost::asio::io_context context;
  LoadFigures figures;
  LoadAddress address = server.address();
  LoadClient client(context, address, figures);
  const LoadTime due = LoadClock::now() - milliseconds(500);
  client.ask({.body = "{}", .vanish_after = {}, .due = due}, [] {});
  context.run_for(milliseconds(10'000));
  CHECK(figures.first.percentile_s(0.5) >= 0.5);
  CHECK(figures.late_s >= 0.5);
  server.stop();
  LoadClient late(context, address, figures);
  late.ask({.body = "{}", .vanish_after = {}, .due = due}, [] {});
  context.restart();
  context.run_for(milliseconds(10'000));
  CHECK(figures.failed == 1);
  CHECK(figures.complaints.at(0).find("cannot connect") != std::string::npos);
}

}  // namespace
}  // namespace mill::apps
