#include "service/openai/tokens.h"

#include "service/openai/chat_request.h"

namespace mill::openai {
namespace {

Checked<std::vector<TokenId>> encoded(service::ServedModel& model, const Json& body) {
  if (body.contains("messages")) {
    TRY_ASSIGN(const inference::Conversation chat, parse_chat_request(body));
    return inference::prompt_of(model, chat);
  }
  Fields fields(body);
  std::string text;
  bool add_special = body.contains("prompt");  // llama-server's "content" has none
  fields.text("content", text);
  fields.text("prompt", text);
  fields.flag("add_special", add_special);
  fields.flag("add_special_tokens", add_special);
  if (fields.find("content") == nullptr && fields.find("prompt") == nullptr)
    fields.refuse("'prompt' is needed: the text to cut into tokens, or 'messages'", "prompt");
  if (fields.problem()) return std::unexpected(*fields.problem());
  return model.encode(text, {.add_special = add_special});
}

}  // namespace

Checked<Json> tokenize(const inference::Host& host, const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  Fields fields(json);
  std::string name;
  bool texts = false;
  fields.text("model", name);
  fields.flag("with_pieces", texts);
  fields.flag("return_token_strs", texts);
  if (fields.problem()) return std::unexpected(*fields.problem());
  TRY_ASSIGN(const service::ModelPointer model, host.find(name));
  TRY_ASSIGN(const std::vector<TokenId> tokens, encoded(*model, json));
  Json out = {
      {"count", tokens.size()}, {"max_model_len", model->info().context_max}, {"tokens", tokens}};
  if (!texts) return out;
  out["token_strs"] = Json::array();
  for (const TokenId token : tokens)
    out["token_strs"].push_back(model->decode(std::span(&token, 1)));
  return out;
}

Checked<Json> detokenize(const inference::Host& host, const std::string& body) {
  TRY_ASSIGN(const Json json, http::parse_json_object(body));
  Fields fields(json);
  std::string name;
  fields.text("model", name);
  if (fields.problem()) return std::unexpected(*fields.problem());
  TRY_ASSIGN(const service::ModelPointer model, host.find(name));
  const Json list = json.value("tokens", Json());
  const auto known = [&](const Json& token) {
    return token.is_number_integer() && token.get<int64_t>() >= 0 &&
           static_cast<size_t>(token.get<int64_t>()) < model->info().vocab_size;
  };
  if (!list.is_array() || !std::all_of(list.begin(), list.end(), known))
    return http::refuse("'tokens' must be an array of tokens of the vocabulary", "tokens");
  const std::string text = model->decode(list.get<std::vector<TokenId>>());
  return Json{{"prompt", text}, {"content", text}};
}

}  // namespace mill::openai
