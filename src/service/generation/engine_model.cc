#include "service/generation/engine_model.h"

#include <utility>

namespace mill::service {
namespace {

// The text of a control token, as templates print it; "" where the model has none.
std::string spelt(const Tokenizer& tokenizer, TokenId token) {
  return token < 0 ? std::string() : tokenizer.piece(token, false);
}

}  // namespace

EngineModel::EngineModel(EngineModelParts parts)
    : parts_(std::move(parts)),
      info_{.id = parts_.id,
            .created = parts_.created,
            .context_max = parts_.engine->context_max(),
            .vocab_size = parts_.engine->tokenizer().vocab_size(),
            .digest = parts_.digest,
            .provenance = parts_.provenance,
            .origin = parts_.origin} {}

std::vector<TokenId> EngineModel::control_tokens(std::span<const std::string_view> texts) const {
  const Tokenizer& tokenizer = parts_.engine->tokenizer();
  std::vector<TokenId> found;
  for (const std::string_view text : texts) {
    const TokenId token = text.empty() ? -1 : tokenizer.token_named(text);
    if (token >= 0 && tokenizer.is_special(token)) found.push_back(token);
  }
  return found;
}

Result<std::string> EngineModel::render(const nlohmann::ordered_json& context) const {
  TRY(parts_.chat_template);
  nlohmann::ordered_json full = context;
  full["bos_token"] = spelt(parts_.engine->tokenizer(), parts_.engine->tokenizer().bos());
  full["eos_token"] = spelt(parts_.engine->tokenizer(), parts_.engine->tokenizer().eos());
  return parts_.chat_template->render(full);
}

std::vector<TokenId> EngineModel::encode(std::string_view text, EncodeOptions options) const {
  return parts_.engine->tokenizer().encode(text, options);
}

std::string EngineModel::decode(std::span<const TokenId> tokens) const {
  return parts_.engine->tokenizer().decode(tokens, false);
}

Result<uint64_t> EngineModel::submit(llm::GenerateRequest request, llm::EventSink sink) {
  return parts_.engine->submit(std::move(request), std::move(sink));
}

void EngineModel::sleep(llm::SleepOptions how, llm::Told told) {
  parts_.engine->sleep(how, std::move(told));
}

void EngineModel::cancel(uint64_t request) { parts_.engine->cancel(request); }

}  // namespace mill::service
