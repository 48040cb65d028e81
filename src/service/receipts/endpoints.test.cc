#include "service/receipts/endpoints.h"

#include <doctest/doctest.h>

#include "data/fetch/digest.h"
#include "service/inference/scripted_server.h"
#include "service/openai/endpoints.h"
#include "service/receipts/rerun.h"
#include "service/receipts/test_receipts.h"

namespace mill::receipts {
namespace {

using namespace testing;
using inference::testing::Recorder;
using inference::testing::ScriptedServer;

// A whole API over a model that says the same to the same request.
struct Certified {
  ScriptedServer server{"", [](const auto& host) { return openai::routes(host); }};
  fs::path path;
  std::shared_ptr<Log> log;
  http::Handler handler;

  explicit Certified(const char* name) : path(test_data::empty_folder(name) / "log") {
    server.host->notary = log = opened(path);
    std::vector<http::Route> all = openai::routes(server.host);
    for (auto& more : routes(log)) all.push_back(std::move(more));
    handler = checked(true, http::router(std::move(all)));
  }

  http::Response ask(const std::string& path_, const std::string& body, const char* wish = "true") {
    const auto recorder = std::make_shared<Recorder>();
    handler({.method = body.empty() ? "GET" : "POST",
             .path = path_,
             .query = "",
             .headers = {{kWish, wish}},
             .body = body,
             .caller = {.tenant = "acme"}},
            recorder);
    return recorder->wait();
  }
  // The receipt that the answer names.
  Result<Sealed> receipt(const http::Response& answer) {
    for (const http::Header& it : answer.headers) {
      if (it.name == "X-Request-Id")
        return read_receipt(ask("/v1/receipts/" + it.value, "", "").body);
    }
    return fail(ErrorKind::not_found, "no id");
  }
  static constexpr const char* kWish = inference::kReceiptHeader;
};

bool verifies(const Receipt& receipt, Certified& it) {
  const auto again = rerun(receipt, *it.server.model);
  REQUIRE(again.has_value());
  return std::ranges::all_of(again->checks,
                             [](const Check& check) { return check.verdict == Verdict::ok; });
}

}  // namespace

TEST_CASE("an answer's receipt runs again, streamed or not, and a changed one does not") {
  Certified it("receipts_api");
  for (const char* body : {R"({"prompt": ["abc", "de"], "n": 2, "max_tokens": 12, "seed": 5})",
                           R"({"prompt": "abc", "max_tokens": 30, "stop": "is", "stream": true})",
                           R"({"prompt": "abc", "max_tokens": 5, "logprobs": 2})"}) {
    const http::Response answer = it.ask("/v1/completions", body);
    REQUIRE(answer.status == 200);
    auto sealed = it.receipt(answer);
    REQUIRE_MESSAGE(sealed.has_value(), (sealed ? "" : sealed.error().message));
    Receipt& receipt = sealed->receipt;
    CHECK(check_signature(*sealed, {{key().pair}}).has_value());
    CHECK(receipt.body_sha256 == fetch::sha256_of_text(body));
    CHECK(receipt.tenant == "acme");
    CHECK(verifies(receipt, it));
    Receipt other = receipt;
    other.choices.back().tokens.back() ^= 1;
    CHECK_FALSE(verifies(other, it));
    other = receipt;
    other.choices[0].seed += 1;
    CHECK_FALSE(verifies(other, it));
    other = receipt;
    other.choices[0].tokens.pop_back();
    CHECK_FALSE(verifies(other, it));
    other = receipt;
    other.choices[0].finish = other.choices[0].finish == "stop" ? "length" : "stop";
    CHECK_FALSE(verifies(other, it));
    other = receipt;
    other.choices[0].text_sha256 = fetch::sha256_of_text("else");
    CHECK_FALSE(verifies(other, it));
    other = receipt;  // the beginning of an answer is one of a client that has left
    other.choices[0].tokens.resize(std::min<size_t>(2, other.choices[0].tokens.size()));
    other.choices[0].finish = "cancelled";
    other.choices[0].text_sha256 = "";
    CHECK(rerun(other, *it.server.model)->checks[0].says.contains("their text is another"));
  }
  const ChainReport report = report_of(it.path);
  CHECK(report.lines == 3);
  CHECK(report.wrong == 0);
}

TEST_CASE("a client that leaves has a receipt of what was made until then") {
  Certified it("receipts_left");
  it.server.model->token_microseconds = 500;
  const auto recorder = std::make_shared<Recorder>();
  it.handler({.method = "POST",
              .path = "/v1/completions",
              .query = "",
              .headers = {{inference::kReceiptHeader, "true"}},
              .body = R"({"prompt": "abcd", "stream": true, "max_tokens": 4000})"},
             recorder);
  recorder->wait_for_text();
  recorder->leave();
  while (it.log->stats().receipts < 1) std::this_thread::yield();
  const auto sealed = read_receipt(text_of(it.path));
  REQUIRE(sealed.has_value());
  CHECK(sealed->receipt.outcome == "cancelled");
  CHECK(sealed->receipt.choices[0].finish == "cancelled");
  CHECK(sealed->receipt.choices[0].tokens.size() < 4000);
  CHECK(verifies(sealed->receipt, it));
}

TEST_CASE("a receipt is made where it is asked for, and can be had") {
  Certified it("receipts_wishes");
  CHECK(it.ask("/v1/completions", R"({"prompt": "a"})", "").status == 200);
  CHECK(it.ask("/v1/completions", R"({"prompt": "a"})", "false").status == 200);
  CHECK(it.log->stats().receipts == 0);
  CHECK(it.ask("/v1/completions", R"({"prompt": "a"})", "please").status == 400);
  CHECK(it.ask("/v1/embeddings", R"({"input": "a"})").status == 400);
  CHECK(it.ask("/v1/receipts/req_1", "", "").status == 404);
  const auto none = checked(false, it.handler);
  const auto recorder = std::make_shared<Recorder>();
  none({.method = "POST",
        .path = "/v1/messages",
        .query = "",
        .headers = {{"x-tokenmill-receipt", "true"}},
        .body = "{}"},
       recorder);
  CHECK(recorder->wait().status == 400);
  CHECK(recorder->wait().body.contains(R"({"type":"error")"));
}

TEST_CASE("an answer whose receipt cannot be kept is withheld") {
  Certified it("receipts_lost");
  it.server.host->notary = nullptr;
  it.log.reset();
  auto other = Log::open({.path = it.path, .key = key(), .models = {}});  // knows no model
  REQUIRE(other.has_value());
  it.server.host->notary = *other;
  const http::Response withheld = it.ask("/v1/completions", R"({"prompt": "a"})");
  CHECK(withheld.status == 500);
  CHECK((*other)->stats().lost == 1);
  CHECK(it.ask("/v1/completions", R"({"prompt": "a"})", "false").status == 200);
}

}  // namespace mill::receipts
