#pragma once
// What the endpoints need of a model; the engine behind it (engine_model.h) or a test's stand-in.

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/tokenizer/tokenizer.h"
#include "llm/engine.h"
#include "service/dialect/dialects.h"

namespace mill::service {

// What an answer's bytes depend on beside its request, and who has computed it: for receipts
// (docs/formats/receipt.md). SHA-256s are hexadecimal; all of it "" = not taken.
struct Provenance {
  std::string vocabulary = {}, chat_template = {}, program = {};  // SHA-256s
  std::string isa = {}, order = {};  // the table of kernels, and what specifies it
  std::string kv_type = {};
};

// The package that a model is from, which profile of it runs, and how keys and values are kept: for
// people. "" = it is from none.
struct Origin {
  std::string package = {}, profile = {}, kv_type = {};
};

struct ModelInfo {
  std::string id;            // what clients call it
  int64_t created = 0;       // seconds since the epoch
  uint32_t context_max = 0;  // longest prompt and answer together, tokens
  size_t vocab_size = 0;
  std::string digest = {};  // SHA-256 of its weights, in hexadecimal; "" = not taken
  Provenance provenance = {};
  Origin origin = {};
};

// Any thread may call any member.
class ServedModel : public std::enable_shared_from_this<ServedModel> {
 public:
  virtual ~ServedModel() = default;
  virtual const ModelInfo& info() const = 0;

  virtual const dialect::Dialect& dialect() const = 0;  // how it writes thoughts and calls
  // Those of the texts that are control tokens of the model.
  virtual std::vector<TokenId> control_tokens(std::span<const std::string_view>) const = 0;

  // The prompt that the model's chat template makes of {messages, tools, …}.
  virtual Result<std::string> render(const nlohmann::ordered_json& context) const = 0;
  virtual std::vector<TokenId> encode(std::string_view text, EncodeOptions) const = 0;
  // Bytes, control tokens spelt out; may break characters where the tokens do.
  virtual std::string decode(std::span<const TokenId>) const = 0;

  virtual Result<uint64_t> submit(llm::GenerateRequest, llm::EventSink) = 0;
  virtual void cancel(uint64_t request) = 0;
  // Ends all requests and tells them so; there are no events after it, nor may be submits.
  virtual void stop() {}
  // As of llm::Engine; by itself, a model cannot sleep.
  virtual void sleep(llm::SleepOptions, llm::Told told) {
    told(fail(ErrorKind::unsupported, "this model cannot sleep"));
  }
  virtual void wake(llm::Told told) { told({}); }
  virtual llm::EngineStats stats() const { return {}; }  // of all requests, since its start
  // What its engine is like (llm/engine_view.h), after waiting for at most so long; null = it has
  // none to look at.
  virtual std::shared_ptr<const llm::EngineView> look(std::chrono::milliseconds) const {
    return nullptr;
  }
};

// Whoever holds it may use it.
using ModelPointer = std::shared_ptr<ServedModel>;

}  // namespace mill::service
