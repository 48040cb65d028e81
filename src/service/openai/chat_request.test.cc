#include "service/openai/chat_request.h"

#include <doctest/doctest.h>

namespace mill::openai {
namespace {

Checked<inference::Conversation> parse(const std::string& members, const char* messages = nullptr) {
  const std::string usual = R"([{"role": "user", "content": "hi"}])";
  auto body = http::parse_json_object("{\"messages\": " + (messages ? messages : usual) +
                                      (members.empty() ? "" : ", ") + members + "}");
  REQUIRE(body.has_value());
  return parse_chat_request(*body);
}

}  // namespace

TEST_CASE("a full chat request is read as it is meant") {
  const auto request = parse(
      R"("model": "m", "temperature": 0.5, "top_p": 0, "top_k": 5, "min_p": 0.1, "typical_p": 0.9,
         "repetition_penalty": 1.1, "presence_penalty": -2, "frequency_penalty": 2, "n": 3,
         "max_tokens": 7, "max_completion_tokens": 9.0, "seed": -1, "stop": ["a", "bc"],
         "logit_bias": {"12": -100, "7": 1.5}, "logprobs": true, "top_logprobs": 4,
         "stream": true, "stream_options": {"include_usage": true}, "unheard_of": {"a": [1]},
         "chat_template_kwargs": {"enable_thinking": false, "messages": "not these"},
         "tools": [{"type": "function", "function": {"name": "f"}}])");
  REQUIRE(request.has_value());
  const GenerateParams& params = request->params;
  CHECK(params.model == "m");
  CHECK(params.sampling.temperature == 0.5F);
  CHECK(params.sampling.top_p > 0);
  CHECK(params.sampling.top_p < 1e-5F);
  CHECK(params.sampling.top_k == 5);
  CHECK(params.sampling.presence_penalty == -2);
  CHECK(params.sampling.logit_bias == std::map<TokenId, float>{{7, 1.5F}, {12, -100.F}});
  CHECK(params.n == 3);
  CHECK(params.tokens_max == 9);
  CHECK(params.seed == UINT64_MAX);
  CHECK(params.stop == std::vector<std::string>{"a", "bc"});
  CHECK(params.logprobs == 4);
  CHECK(params.stream);
  CHECK(params.include_usage);
  CHECK(request->context.dump() ==
        R"({"enable_thinking":false,"messages":[{"role":"user","content":"hi"}]})");
  CHECK(request->thinking == false);
  CHECK(request->tools.list.dump() == R"([{"type":"function","function":{"name":"f"}}])");
}

TEST_CASE("null is the same as absent, and a lone stop string is a list of one") {
  const auto request = parse(
      R"("temperature": null, "stop": "x", "n": null, "seed": null, "tools": null,
         "logprobs": null)");
  REQUIRE(request.has_value());
  CHECK(request->params.sampling.temperature == 1);
  CHECK(request->params.stop == std::vector<std::string>{"x"});
  CHECK_FALSE(request->params.seed.has_value());
  CHECK(request->params.logprobs == -1);
}

TEST_CASE("contents become strings, arguments become objects, developers become systems") {
  const auto request = parse("", R"([
      {"role": "developer",
       "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
      {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function",
        "function": {"name": "f", "arguments": "{\"x\": 1}"}}]},
      {"role": "tool", "tool_call_id": "1", "content": "2"}])");
  REQUIRE(request.has_value());
  const Json& messages = request->context["messages"];
  CHECK(messages[0].dump() == R"({"role":"system","content":"ab"})");
  CHECK(messages[1]["content"] == "");
  CHECK(messages[1]["tool_calls"][0]["function"]["arguments"]["x"] == 1);
  CHECK(messages[2]["tool_call_id"] == "1");
}

TEST_CASE("what is wrong is refused by its name") {
  struct Row {
    const char* members;
    const char* param;
  };
  const Row rows[] = {
      {R"("temperature": "hot")", "temperature"},
      {R"("temperature": 2.1)", "temperature"},
      {R"("temperature": -1)", "temperature"},
      {R"("top_p": 1.5)", "top_p"},
      {R"("top_k": 1.5)", "top_k"},
      {R"("top_k": -1)", "top_k"},
      {R"("n": 0)", "n"},
      {R"("n": 129)", "n"},
      {R"("n": true)", "n"},
      {R"("max_tokens": 0)", "max_tokens"},
      {R"("max_tokens": 1e18)", "max_tokens"},
      {R"("max_tokens": 18446744073709551615)", "max_tokens"},
      {R"("seed": 1.5)", "seed"},
      {R"("seed": 1e300)", "seed"},
      {R"("stop": 5)", "stop"},
      {R"("stop": [""])", "stop"},
      {R"("stop": ["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"])",
       "stop"},
      {R"("logit_bias": [])", "logit_bias"},
      {R"("logit_bias": {"a": 1})", "logit_bias"},
      {R"("logit_bias": {"-1": 1})", "logit_bias"},
      {R"("logit_bias": {"1": 101})", "logit_bias"},
      {R"("logit_bias": {"1": "x"})", "logit_bias"},
      {R"("logprobs": 3)", "logprobs"},
      {R"("top_logprobs": 3)", "top_logprobs"},
      {R"("logprobs": true, "top_logprobs": 21)", "top_logprobs"},
      {R"("stream": 1)", "stream"},
      {R"("stream_options": {"include_usage": true})", "stream_options"},
      {R"("stream": true, "stream_options": {"include_usage": 1})", "stream_options.include_usage"},
      {R"("model": 5)", "model"},
      {R"("response_format": {"type": "yaml"})", "response_format"},
      {R"("response_format": "text")", "response_format"},
      {R"("tool_choice": "required")", "tool_choice"},
      {R"("tool_choice": {"type": "function"})", "tool_choice"},
      {R"("functions": [])", "functions"},
      {R"("tools": {})", "tools"},
      {R"("tools": [{"type": "retrieval"}])", "tools[0]"},
      {R"("chat_template_kwargs": 1)", "chat_template_kwargs"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.members);
    const auto request = parse(row.members);
    REQUIRE_FALSE(request.has_value());
    CHECK(request.error().status == 400);
    CHECK(request.error().param == row.param);
    const std::string name = std::string(row.param).substr(std::string(row.param).find('.') + 1);
    CHECK(request.error().message.find(name) != std::string::npos);
  }
}

TEST_CASE("messages that are wrong are refused by their place") {
  struct Row {
    const char* messages;
    const char* param;
  };
  const Row rows[] = {
      {"[]", "messages"},
      {"null", "messages"},
      {"\"hi\"", "messages"},
      {"[5]", "messages[0]"},
      {R"([{"content": "a"}])", "messages[0].role"},
      {R"([{"role": "critic", "content": "a"}])", "messages[0].role"},
      {R"([{"role": ["user"], "content": "a"}])", "messages[0].role"},
      {R"([{"role": "user", "content": "a"}, {"role": "user"}])", "messages[1].content"},
      {R"([{"role": "user", "content": 5}])", "messages[0].content"},
      {R"([{"role": "user", "content": ["a"]}])", "messages[0].content[0]"},
      {R"([{"role": "user", "content": [{"type": "text"}]}])", "messages[0].content[0].text"},
      {R"([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}])",
       "messages[0].content[0].type"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.messages);
    const auto request = parse("", row.messages);
    REQUIRE_FALSE(request.has_value());
    CHECK(request.error().param == row.param);
  }
}

}  // namespace mill::openai
