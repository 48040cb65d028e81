#pragma once
// A model that the engine runs, with the template that turns conversations into its prompts.

#include <memory>
#include <string>
#include <utility>

#include "data/template/chat_template.h"
#include "llm/engine.h"
#include "service/generation/served_model.h"

namespace mill::service {

struct EngineModelParts {
  std::string id;
  int64_t created = 0;
  std::string digest = {};  // see ModelInfo
  Provenance provenance = {};
  Origin origin = {};
  std::unique_ptr<llm::Engine> engine;
  dialect::Dialect dialect = dialect::dialect_of("");  // of the template
  Result<ChatTemplate> chat_template;  // or why there is none, which refuses conversations
};

class EngineModel : public ServedModel {
 public:
  explicit EngineModel(EngineModelParts);

  const ModelInfo& info() const override { return info_; }
  const dialect::Dialect& dialect() const override { return parts_.dialect; }
  std::vector<TokenId> control_tokens(std::span<const std::string_view>) const override;
  Result<std::string> render(const nlohmann::ordered_json& context) const override;
  std::vector<TokenId> encode(std::string_view text, EncodeOptions) const override;
  std::string decode(std::span<const TokenId>) const override;
  Result<uint64_t> submit(llm::GenerateRequest, llm::EventSink) override;
  void cancel(uint64_t request) override;
  void stop() override { parts_.engine->stop(); }
  void sleep(llm::SleepOptions, llm::Told) override;
  void wake(llm::Told told) override { parts_.engine->wake(std::move(told)); }
  llm::EngineStats stats() const override { return parts_.engine->stats(); }
  std::shared_ptr<const llm::EngineView> look(std::chrono::milliseconds at_most) const override {
    return parts_.engine->look(at_most);
  }

  const Result<ChatTemplate>& chat_template() const { return parts_.chat_template; }

 private:
  EngineModelParts parts_;
  ModelInfo info_;
};

}  // namespace mill::service
