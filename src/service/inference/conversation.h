#pragma once
// From a conversation, in the one form that chat templates know (OpenAI's messages), to generations
// and the parser that understands them. Every API translates its own form to this one.

#include <optional>
#include <string>

#include "service/dialect/call_reader.h"
#include "service/http/json_body.h"
#include "service/inference/answering.h"
#include "service/inference/host.h"
#include "service/inference/params.h"
#include "service/inference/reasoning.h"

namespace mill::inference {

using http::Json;

enum class Calls : uint8_t { automatic, none, required };

// The tools of a request, and what is wanted of them.
struct ToolUse {
  Json list = Json::array();  // {"type": "function", "function": {name, description, parameters}}
  dialect::Tools schemas = {};
  Calls calls = Calls::automatic;
  std::string name = {};  // with `required`: this one
  bool parallel = true;

  // Checks the name (1 to 64 letters, digits, _ and -), that it is new, and that the schema is an
  // object. `place` names the tool in refusals: "tools[2].function".
  Checked<void> add(const Json& function, const std::string& place);
  // That `required` can be had. `place` is the field that asks for it.
  Checked<void> check(const std::string& place) const;
};

struct Conversation {
  GenerateParams params;
  std::optional<Reasoning> reasoning = {};  // an answer out of several paths
  Json context = Json::object();  // what the template sees: messages, and chat_template_kwargs
  ToolUse tools;
  std::optional<bool> thinking;      // unless given, as the template has it
  uint32_t thinking_tokens_max = 0;  // 0 = no limit but the answer's own
  std::string prefill = {};          // how the answer begins; it is not told again
};

// `field` is what the API calls the messages, for refusals.
Checked<AnswerPlan> plan_conversation(const Host&, const ModelPointer&, const Conversation&,
                                      const char* field = "messages");

// The prompt alone: its tokens, as plan_conversation has them.
Checked<std::vector<TokenId>> prompt_of(ServedModel&, const Conversation&,
                                        const char* field = "messages");

// Fits the context, and all tokens exist.
Checked<void> check_tokens(const std::vector<TokenId>& prompt, const service::ModelInfo&,
                           const char* param);
// One request of the engine for each answer: the i-th of a prompt differs in its seed alone.
std::vector<llm::GenerateRequest> requests_for(std::vector<TokenId> prompt, const GenerateParams&,
                                               const grammar::GrammarPtr& structure, uint64_t seed);
Checked<void> check_bias(const GenerateParams&, const service::ModelInfo&);

}  // namespace mill::inference
