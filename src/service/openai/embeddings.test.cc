#include "service/openai/embeddings.h"

#include <doctest/doctest.h>

#include "service/http/json_body.h"
#include "service/inference/fake_model.h"
#include "service/inference/recorder.h"

namespace mill::openai {
namespace {

using http::Json;

// The fake's texts of an even length are (0, 1, 0), the others (0.6, 0, 0.8).
http::Response ask(const std::string& path, const Json& body) {
  const auto host = std::make_shared<inference::Host>();
  host->models.add(std::make_shared<inference::testing::FakeModel>());
  host->unix_time = [] { return 1234; };
  host->entropy = [] { return 5; };
  const auto recorder = std::make_shared<inference::testing::Recorder>();
  http::router(embedding_routes(host))(
      {.method = "POST", .path = path, .query = "", .headers = {}, .body = body.dump()}, recorder);
  return recorder->wait();
}

Json answer(const std::string& path, const Json& body) {
  const http::Response response = ask(path, body);
  CAPTURE(response.body);
  REQUIRE(response.status == 200);
  return Json::parse(response.body);
}

}  // namespace

TEST_CASE("embeddings, one for each text") {
  const Json found = answer("/v1/embeddings", {{"input", {"abc", "ab"}}});
  CHECK(found["data"][0]["embedding"][2] == doctest::Approx(0.8));
  CHECK(found["data"][1]["embedding"][1] == 1);
  CHECK(found["usage"]["total_tokens"] == 5);
  const Json tokens = answer("/v1/embeddings", {{"input", {1, 2, 3}}, {"dimensions", 2}});
  CHECK(tokens["data"][0]["embedding"].dump() == "[1.0,0.0]");
  const Json packed = answer("/v1/embeddings", {{"input", "ab"}, {"encoding_format", "base64"}});
  CHECK(packed["data"][0]["embedding"] == "AAAAAAAAgD8AAAAA");
}

TEST_CASE("documents in order of likeness, and scores of pairs") {
  const Json found = answer(
      "/v1/rerank", {{"query", "abc"}, {"documents", {"ab", {{"text", "xyz"}}}}, {"top_n", 1}});
  REQUIRE(found["results"].size() == 1);
  CHECK(found["results"][0]["index"] == 1);
  CHECK(found["results"][0]["document"]["text"] == "xyz");
  CHECK(found["results"][0]["relevance_score"] == doctest::Approx(1));
  const Json scores = answer("/v1/score", {{"text_1", "abc"}, {"text_2", {"ab", "xyz"}}});
  CHECK(scores["data"][0]["score"] == 0);
  CHECK(scores["data"][1]["score"] == doctest::Approx(1));
}

TEST_CASE("what cannot be embedded is refused by its name") {
  struct Row {
    const char *path, *body, *param;
  };
  const Row rows[] = {
      {"/v1/embeddings", R"({})", "input"},
      {"/v1/embeddings", R"({"input": ""})", "input"},
      {"/v1/embeddings", R"({"input": ["a", 5]})", "input[1]"},
      {"/v1/embeddings", R"({"input": "a", "dimensions": 0})", "dimensions"},
      {"/v1/embeddings", R"({"input": "a", "encoding_format": "hex"})", "encoding_format"},
      {"/v1/rerank", R"({"documents": ["a"]})", "query"},
      {"/v1/rerank", R"({"query": "a", "documents": []})", "documents"},
      {"/v1/score", R"({"text_1": ["a", "b"], "text_2": ["a", "b", "c"]})", "text_1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    const http::Response response = ask(row.path, Json::parse(row.body));
    CHECK(response.status == 400);
    CHECK(Json::parse(response.body)["error"]["param"] == row.param);
  }
}

}  // namespace mill::openai
