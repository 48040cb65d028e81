#include "service/http/cors.h"

#include <doctest/doctest.h>

#include <utility>

namespace mill::http {
namespace {

struct Recorded : Exchange {
  Response answer;
  std::string streamed;
  void respond(Response response) override { answer = std::move(response); }
  void begin(Response head) override { answer = std::move(head); }
  void write(std::string chunk) override { streamed += chunk; }
  void end() override { streamed += "."; }
  void on_gone(std::function<void()>) override {}

  std::string header(std::string_view name) const {
    for (const Header& it : answer.headers) {
      if (it.name == name) return it.value;
    }
    return "";
  }
};

constexpr const char* kApp = "https://app.example";
constexpr const char* kAllow = "Access-Control-Allow-Origin";

// What is answered where `origins` are listed; behind it is a handler that says 299.
Recorded ask(std::vector<std::string> origins, const char* method, std::vector<Header> headers) {
  const Handler handler =
      cors({std::move(origins)}, [](const Request&, const std::shared_ptr<Exchange>& exchange) {
        exchange->begin({.status = 299});
        exchange->write("words");
        exchange->end();
      });
  const auto recorded = std::make_shared<Recorded>();
  headers.push_back({"Host", "127.0.0.1:8080"});
  handler({.method = method, .path = "/v1/models", .query = "", .headers = std::move(headers)},
          recorded);
  return std::move(*recorded);
}

}  // namespace

TEST_CASE("without a list there is no header of CORS") {
  for (const char* method : {"GET", "OPTIONS"}) {
    const Recorded it =
        ask({}, method, {{"Origin", kApp}, {"Access-Control-Request-Method", "GET"}});
    CHECK(it.answer.status == 299);
    CHECK(it.answer.headers.empty());
  }
}

TEST_CASE("a listed origin, and no other, may see answers") {
  const Recorded listed = ask({"http://a:1", kApp}, "GET", {{"Origin", kApp}});
  CHECK(listed.header(kAllow) == kApp);
  CHECK(listed.header("Vary") == "Origin");
  CHECK(listed.streamed == "words.");
  for (const char* other : {"https://app.example.evil", "https://app", "http://app.example", "null",
                            "https://app.example:8443", "https://APP.example"}) {
    const Recorded it = ask({kApp}, "GET", {{"Origin", other}});
    CHECK(it.answer.status == 299);
    CHECK(it.header(kAllow).empty());
    CHECK(it.header("Vary") == "Origin");
  }
}

TEST_CASE("a browser that asks first is answered for listed origins") {
  const Header asks{"Access-Control-Request-Method", "POST"};
  const Recorded it = ask(
      {kApp}, "OPTIONS",
      {{"Origin", kApp}, asks, {"Access-Control-Request-Headers", "authorization,x-stainless-os"}});
  CHECK(it.answer.status == 200);
  CHECK(it.header(kAllow) == kApp);
  CHECK(it.header("Access-Control-Allow-Methods").find("POST") != std::string::npos);
  CHECK(it.header("Access-Control-Allow-Headers") == "authorization,x-stainless-os");
  const Recorded odd =
      ask({kApp}, "OPTIONS", {{"Origin", kApp}, asks, {"Access-Control-Request-Headers", "a<b"}});
  CHECK(odd.header("Access-Control-Allow-Headers").find('<') == std::string::npos);
  CHECK(ask({kApp}, "OPTIONS", {{"Origin", "https://b.example"}, asks}).answer.status == 299);
}

TEST_CASE("another site's page cannot use the server blindly either") {
  struct Row {
    std::vector<Header> headers;
    int status;
  };
  const Row rows[] = {
      {{}, 299},  // no browser
      {{{"Origin", kApp}}, 299},
      {{{"Origin", "https://b.example"}}, 403},
      {{{"Origin", "null"}}, 403},
      {{{"Origin", "http://127.0.0.1:8080"}}, 299},
      {{{"Origin", "http://127.0.0.1:3000"}}, 403},
      {{{"Origin", "https://b.example"}, {"Sec-Fetch-Site", "cross-site"}}, 403},
      {{{"Origin", kApp}, {"Sec-Fetch-Site", "cross-site"}}, 299},
      {{{"Sec-Fetch-Site", "cross-site"}}, 403},
      {{{"Origin", "https://proxied.example"}, {"Sec-Fetch-Site", "same-origin"}}, 299},
      {{{"Sec-Fetch-Site", "none"}}, 299},
  };
  for (const Row& row : rows) {
    CAPTURE(row.headers.size());
    CHECK(ask({kApp}, "POST", row.headers).answer.status == row.status);
  }
  const Recorded refused = ask({}, "DELETE", {{"Origin", "https://b.example"}});
  CHECK(refused.answer.status == 403);
  CHECK(refused.answer.body.find("--cors-origin https://b.example") != std::string::npos);
}

TEST_CASE("what is no origin is not listed") {
  for (const char* good :
       {"https://app.example", "http://localhost:3000", "http://[::1]:3000", "app://obsidian.md"})
    CHECK(CorsOptions{{good}}.validate().has_value());
  for (const char* wrong :
       {"*", "null", "app.example", "https://app.example/", "https://App.example", "https://",
        "://a", "https://*.example", "https://a.example:443", "http://a:80",
        "https://a.example, https://b.example", ""})
    CHECK_FALSE_MESSAGE(CorsOptions{{wrong}}.validate().has_value(), wrong);
}

}  // namespace mill::http
