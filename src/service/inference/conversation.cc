#include "service/inference/conversation.h"

#include <fmt/format.h>

#include <algorithm>

#include "llm/sample/random.h"
#include "service/inference/tool_grammar.h"
#include "service/inference/tool_prompt.h"

namespace mill::inference {
namespace {

constexpr uint32_t kGraceLeast = 16;
constexpr size_t kToolsMax = 512, kNameMax = 64;

bool is_tool_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= kNameMax && std::all_of(name.begin(), name.end(), fits);
}

bool calls_possible(const ToolUse& tools) {
  return !tools.list.empty() && tools.calls != Calls::none;
}

// Mistral's templates refuse ids that are not nine letters or digits.
void shorten_ids(Json& messages) {
  const auto shorten = [](Json& id) {
    if (!id.is_string()) return;
    uint64_t hash = 0;
    for (const char c : id.get_ref<const std::string&>())
      hash = llm::splitmix(hash + static_cast<uint8_t>(c));
    id = fmt::format("{:09x}", hash >> 28);
  };
  for (Json& message : messages) {
    if (message.contains("tool_call_id")) shorten(message["tool_call_id"]);
    if (!message.contains("tool_calls")) continue;
    for (Json& call : message["tool_calls"]) shorten(call["id"]);
  }
}

bool has_calls(const Json& messages) {
  return std::any_of(messages.begin(), messages.end(), [](const Json& message) {
    return message.contains("tool_calls") || message["role"] == "tool";
  });
}

// What the template sees. Both names of the switch for thoughts are in use.
Json context_for(const Conversation& conversation, const dialect::Dialect& dialect) {
  Json context = conversation.context;
  context["add_generation_prompt"] = true;
  if (conversation.thinking)
    context["enable_thinking"] = context["thinking"] = *conversation.thinking;
  const bool possible = calls_possible(conversation.tools);
  if (!dialect.template_knows_tools && (possible || has_calls(context["messages"])))
    return explained(context, possible ? conversation.tools.list : Json::array());
  if (possible) context["tools"] = conversation.tools.list;
  if (std::string_view(dialect.tools->name).starts_with("mistral"))
    shorten_ids(context["messages"]);
  return context;
}

bool ends_with(std::string_view text, std::string_view end) {
  const size_t last = text.find_last_not_of(" \n\r\t");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1).ends_with(end);
}

// The prompt's end decides how the answer begins: in thoughts, behind them, or in a call.
struct Prompt {
  std::string text;
  dialect::ParserOptions parser;
};

void settle_thoughts(const Conversation& conversation, Prompt& prompt) {
  const dialect::ThoughtFormat* thoughts = prompt.parser.thoughts;
  if (thoughts == nullptr) return;
  const bool opened = ends_with(prompt.text, thoughts->open);
  const bool wanted = conversation.thinking.value_or(true) && conversation.prefill.empty() &&
                      !conversation.params.structure && conversation.tools.calls != Calls::required;
  prompt.parser.thinking = opened && wanted;
  if (wanted || ends_with(prompt.text, thoughts->close)) return;
  if (!opened) prompt.text += std::string(thoughts->open) + "\n";
  prompt.text += "\n" + std::string(thoughts->close) + "\n\n";
}

// A call that has to be made is begun in the prompt; of several tools the model takes its choice.
void begin_call(const ToolUse& tools, Prompt& prompt) {
  if (tools.calls != Calls::required) return;
  const dialect::ToolFormat& format = *prompt.parser.format;
  prompt.parser.begun = format.before_name;
  const std::string name = tools.schemas.size() == 1 ? tools.schemas.begin()->first : tools.name;
  if (!name.empty()) prompt.parser.begun += name + std::string(format.after_name);
  prompt.text += prompt.parser.begun;
}

// So many tokens of thoughts, and a tenth more to come to the end of a sentence.
llm::ThoughtLimit thought_limit(const ServedModel& model, const Conversation& conversation,
                                const dialect::ParserOptions& parser) {
  const uint32_t most = conversation.thinking_tokens_max;
  if (most == 0 || parser.thoughts == nullptr || !parser.begun.empty()) return {};
  const std::string close(parser.thoughts->close);
  return {.open = parser.thinking ? "" : std::string(parser.thoughts->open),
          .close = close,
          .closing = model.encode("\n" + close + "\n\n", {.add_special = false}),
          .tokens_max = most,
          .grace = std::max(most / 10, kGraceLeast)};
}

Checked<Prompt> prompt_for(const ServedModel& model, const Conversation& conversation,
                           const char* field) {
  const dialect::Dialect& dialect = model.dialect();
  auto text = model.render(context_for(conversation, dialect));
  if (!text) {
    Problem problem = http::problem_of(text.error());
    problem.param = field;
    return std::unexpected(problem);
  }
  Prompt prompt{.text = std::move(*text), .parser = {.thoughts = dialect.thoughts}};
  prompt.parser.structured =
      conversation.params.structure && conversation.tools.calls != Calls::required;
  const bool told_apart = !prompt.parser.structured || !dialect.tools->open.empty();
  if (calls_possible(conversation.tools) && told_apart) {
    prompt.parser.format = dialect.tools;
    prompt.parser.tools = conversation.tools.schemas;
  }
  settle_thoughts(conversation, prompt);
  prompt.text += conversation.prefill;
  begin_call(conversation.tools, prompt);
  return prompt;
}

// What the answer's calls are kept to. A call that has to be made goes before a structure of the
// answer; one that may be made comes in its stead, where it is told from it by its opening.
Checked<grammar::GrammarPtr> grammar_for(const Host& host, const Conversation& conversation,
                                         const dialect::ParserOptions& parser) {
  const ToolUse& tools = conversation.tools;
  if (!parser.begun.empty())
    return call_grammar(*host.grammars, tools, *parser.format, parser.begun);
  if (parser.format == nullptr) return nullptr;
  if (!conversation.params.structure) return answer_grammar(*host.grammars, tools, parser);
  return structure_or_calls(*host.grammars, tools, parser, conversation.params.structure->spec);
}

// What the answer is to: the user's last message.
std::string last_words(const Json& context) {
  std::string words;
  for (const Json& message : context["messages"])
    if (message["role"] == "user" && message["content"].is_string())
      words = message["content"].get<std::string>();
  return words;
}

// Planned with the conversation, which it goes on with.
Checked<SearchPlan> plan_search(const Host& host, const ModelPointer& served,
                                const Conversation& conversation, const Prompt& prompt,
                                GenerateParams& params) {
  Reasoning reasoning = *conversation.reasoning;
  reasoning.verifier.courier = host.courier;
  reasoning.verifier.jail = host.jail;
  reasoning.verifier.prompt = last_words(conversation.context);
  const bool thinks = prompt.parser.thoughts != nullptr && conversation.thinking.value_or(true) &&
                      conversation.prefill.empty() && !params.structure;
  SearchPlan plan{.nanoseconds = host.nanoseconds};
  TRY_ASSIGN(FoundSearch found,
             search_for(reasoning, {.tools = calls_possible(conversation.tools), .thinks = thinks},
                        params));
  plan.method = std::move(found.method);
  plan.asked = std::move(found.asked);
  if (reasoning.budget_joules > 0 && !host.measures_energy)
    return http::refuse(
        "'reasoning.budget_joules' needs a server that measures energy, and this one does not; "
        "give "
        "a 'budget_tokens', or ask its operator for --power",
        "reasoning.budget_joules");
  plan.joules_max = reasoning.budget_joules;
  if (reasoning.deadline_ms > 0)
    plan.deadline = host.nanoseconds() + int64_t{reasoning.deadline_ms} * 1'000'000;
  plan.prompt_after = [served, conversation](const Json& messages) -> Checked<NextPrompt> {
    Conversation longer = conversation;
    longer.prefill.clear();
    for (const Json& it : messages) longer.context["messages"].push_back(it);
    TRY_ASSIGN(Prompt next, prompt_for(*served, longer, "messages"));
    return NextPrompt{.tokens = served->encode(next.text, {.add_special = false}),
                      .parser = std::move(next.parser)};
  };
  return plan;
}

}  // namespace

Checked<void> ToolUse::add(const Json& function, const std::string& place) {
  const Json given = function.is_object() ? function.value("name", Json()) : Json();
  if (!given.is_string() || !is_tool_name(given.get_ref<const std::string&>()))
    return http::refuse(
        fmt::format("'{}.name' must be 1 to {} letters, digits, underscores and hyphens", place,
                    kNameMax),
        place + ".name");
  if (schemas.contains(given.get_ref<const std::string&>()))
    return http::refuse(fmt::format("'{}.name' is {} once more; each tool needs a name of its own",
                                    place, http::json_text(given)),
                        place + ".name");
  if (list.size() == kToolsMax)
    return http::refuse(fmt::format("There are more than {} tools", kToolsMax), place);
  const Json parameters = function.value("parameters", Json());
  if (!parameters.is_null() && !parameters.is_object())
    return http::refuse(fmt::format("'{}.parameters' must be a JSON Schema, an object", place),
                        place + ".parameters");
  if (const Json about = function.value("description", Json());
      !about.is_null() && !about.is_string())
    return http::refuse(fmt::format("'{}.description' must be a string", place),
                        place + ".description");
  schemas[given.get<std::string>()] = parameters.is_null() ? Json::object() : parameters;
  list.push_back({{"type", "function"}, {"function", function}});
  return {};
}

Checked<void> ToolUse::check(const std::string& place) const {
  if (calls != Calls::required) return {};
  if (list.empty())
    return http::refuse(fmt::format("'{}' asks for a call, but there are no 'tools'", place),
                        place);
  if (!name.empty() && !schemas.contains(name))
    return http::refuse(fmt::format("'{}' asks for '{}', which is none of the tools", place, name),
                        place);
  return {};
}

Checked<void> check_tokens(const std::vector<TokenId>& prompt, const service::ModelInfo& model,
                           const char* param) {
  if (prompt.empty()) return http::refuse("The prompt is empty", param);
  for (const TokenId token : prompt) {
    if (token < 0 || static_cast<size_t>(token) >= model.vocab_size)
      return http::refuse(fmt::format("Token {} is not in the vocabulary of {} (0 to {})", token,
                                      model.id, model.vocab_size - 1),
                          param);
  }
  if (prompt.size() >= model.context_max)
    return http::refuse(
        fmt::format("The prompt is {} tokens long; {} holds {} together with the answer. Shorten "
                    "it, or serve with a larger --context",
                    prompt.size(), model.id, model.context_max),
        param, "context_length_exceeded");
  return {};
}

std::vector<llm::GenerateRequest> requests_for(std::vector<TokenId> prompt,
                                               const GenerateParams& params,
                                               const grammar::GrammarPtr& structure,
                                               uint64_t seed) {
  std::vector<llm::GenerateRequest> requests(params.n);
  for (uint32_t i = 0; i < params.n; ++i) {
    requests[i].prompt = i + 1 == params.n ? std::move(prompt) : prompt;
    requests[i].tokens_max = params.tokens_max;
    requests[i].sampling = params.sampling;
    requests[i].sampling.seed = seed + i;
    requests[i].stop = params.stop;
    requests[i].logprobs = params.logprobs;
    requests[i].grammar = structure;
  }
  return requests;
}

Checked<void> check_bias(const GenerateParams& params, const service::ModelInfo& model) {
  const auto& bias = params.sampling.logit_bias;
  if (bias.empty() || static_cast<size_t>(bias.rbegin()->first) < model.vocab_size) return {};
  return http::refuse(fmt::format("'logit_bias' has token {}; the vocabulary of {} ends at {}",
                                  bias.rbegin()->first, model.id, model.vocab_size - 1),
                      "logit_bias");
}

Checked<std::vector<TokenId>> prompt_of(ServedModel& model, const Conversation& conversation,
                                        const char* field) {
  TRY_ASSIGN(const Prompt prompt, prompt_for(model, conversation, field));
  return model.encode(prompt.text, {.add_special = false});
}

Checked<AnswerPlan> plan_conversation(const Host& host, const ModelPointer& served,
                                      const Conversation& conversation, const char* field) {
  ServedModel& model = *served;
  TRY(check_bias(conversation.params, model.info()));
  TRY_ASSIGN(Prompt prompt, prompt_for(model, conversation, field));
  std::vector<TokenId> tokens = model.encode(prompt.text, {.add_special = false});
  TRY(check_tokens(tokens, model.info(), field));
  GenerateParams params = conversation.params;
  SearchPlan search;
  if (conversation.reasoning) {
    TRY_ASSIGN(search, plan_search(host, served, conversation, prompt, params));
  }
  TRY_ASSIGN(const grammar::GrammarPtr structure, host.grammar_of(params));
  TRY_ASSIGN(const grammar::GrammarPtr calls, grammar_for(host, conversation, prompt.parser));
  const llm::ThoughtLimit limit = thought_limit(model, conversation, prompt.parser);
  AnswerPlan plan{.model = served,
                  .requests = requests_for(std::move(tokens), params, structure,
                                           params.seed.value_or(host.entropy())),
                  .n = params.n,
                  .parser = std::move(prompt.parser),
                  .one_call = !conversation.tools.parallel || !conversation.tools.name.empty(),
                  .search = std::move(search),
                  .shape = nullptr,
                  .stream = params.stream,
                  .id_seed = host.entropy()};
  const std::vector<TokenId> shown = model.control_tokens(dialect::markers(model.dialect()));
  for (llm::GenerateRequest& request : plan.requests) {
    request.thoughts = limit;
    // What keeps to a format of its own has no markers, and its texts shall not be spelt with them.
    if (calls != nullptr || structure == nullptr) request.shown = shown;
    if (calls == nullptr) continue;
    request.grammar = calls;
    request.lazy = plan.parser.begun.empty() && structure == nullptr;
    if (!plan.parser.begun.empty()) request.stop.clear();  // all of it is calls
  }
  return plan;
}

}  // namespace mill::inference
