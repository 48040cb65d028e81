#include <fstream>

#include "data/tokenizer/impl.h"
#include "data/tokenizer/json_steps.h"
#include "data/tokenizer/load.h"

namespace mill::tok {

using nlohmann::json;

namespace {

constexpr std::uintmax_t kConfigBytesMax = 64 << 20;

// Null where there is no such file.
Result<json> read_config(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return json();
  if (size > kConfigBytesMax) return fail(ErrorKind::invalid, "{} bytes are too many", size);
  std::ifstream stream(path, std::ios::binary);
  json parsed = json::parse(stream, nullptr, false);
  if (!parsed.is_object()) return fail(ErrorKind::invalid, "no valid JSON object");
  return parsed;
}

TokenId id_named(const Tokenizer::Impl& impl, const std::string& name) {
  TokenId id = impl.raw_added.find(name);
  if (id < 0) id = impl.normalized_added.find(name);
  return id >= 0 ? id : impl.vocab.find(name);
}

// "bos_token": "<s>" or {"content": "<s>", …}; -1 where absent.
Result<TokenId> token_of(const Tokenizer::Impl& impl, const json& config, const char* key) {
  const auto value = config.find(key);
  if (value == config.end() || value->is_null()) return -1;
  std::string name;
  if (value->is_object()) {
    TRY_ASSIGN(name, text_of(*value, "content", ""));
  } else {
    TRY_ASSIGN(name, text_of(config, key, ""));
  }
  return name.empty() ? -1 : id_named(impl, name);
}

Result<void> apply_tokenizer_config(Tokenizer::Impl& impl, const json& config) {
  TRY_ASSIGN(const TokenId bos, token_of(impl, config, "bos_token"));
  TRY_ASSIGN(const TokenId eos, token_of(impl, config, "eos_token"));
  if (bos >= 0) impl.bos = bos;
  if (eos >= 0) impl.eos = eos;
  TRY_ASSIGN(const bool add_bos, flag_of(config, "add_bos_token", !impl.prefix.empty()));
  if (impl.has_template) return {};  // which says itself what goes around a text
  impl.prefix.clear();
  if (add_bos && impl.bos >= 0) impl.prefix.push_back(impl.bos);
  return {};
}

// config.json and generation_config.json: "eos_token_id": 2 or [2, 7].
void apply_model_config(Tokenizer::Impl& impl, const json& config) {
  const auto take = [&](const json& value, bool ends) {
    const TokenId token = id_of(value).value_or(-1);
    TokenId& named = ends ? impl.eos : impl.bos;
    if (named < 0 && impl.vocab.has(token)) named = token;
    if (ends) add_end(impl, token);
  };
  if (const auto bos = config.find("bos_token_id"); bos != config.end()) take(*bos, false);
  const auto eos = config.find("eos_token_id");
  if (eos == config.end()) return;
  if (!eos->is_array()) return take(*eos, true);
  for (const json& id : *eos) take(id, true);
}

}  // namespace

Result<void> apply_configs(Tokenizer::Impl& impl, const std::filesystem::path& folder,
                           const json& config) {
  TRY_ASSIGN(const json tokenizer_config, read_config(folder / "tokenizer_config.json"));
  if (tokenizer_config.is_object()) TRY(apply_tokenizer_config(impl, tokenizer_config));
  if (config.is_object()) apply_model_config(impl, config);
  add_end(impl, impl.eos);
  return {};
}

}  // namespace mill::tok
