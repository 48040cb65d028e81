#include "service/inference/paths.h"

#include <algorithm>
#include <utility>

namespace mill::inference {

using From = llm::PathStart::From;

// Few tokens write the mark that ends thoughts, but they may say something before it: "so.</".
KeptThoughts kept_thoughts(std::span<const TokenId> tokens, std::string_view close, bool ended,
                           const Decode& decode) {
  const auto without = [&](size_t last) {
    return std::vector<TokenId>(tokens.begin(), tokens.end() - static_cast<ptrdiff_t>(last));
  };
  if (!ended) return {without(0), ""};
  const size_t most = std::min(tokens.size(), close.size() + 1);
  for (size_t last = 1; last <= most; ++last) {
    const std::string text = decode(tokens.last(last));
    const size_t at = text.find(close);
    if (at == std::string::npos) continue;
    const std::string said = text.substr(0, at);
    return {without(last), said.substr(0, said.find_last_not_of(" \n\r\t") + 1)};
  }
  return {without(std::min<size_t>(1, tokens.size())), ""};  // its last token ends the text
}

Paths::Paths(AnswerPlan& plan)
    : plan_(plan),
      first_(std::move(plan.requests.front())),
      keep_prompts_(plan.search.method->begin().size() < plan.search.method->paths()),
      list_(plan.search.method->paths()) {
  plan.requests.clear();
}

http::Checked<llm::GenerateRequest> Paths::begin(const llm::PathStart& start) {
  Path& path = list_[start.path];
  path.start = start;
  llm::GenerateRequest request = first_;
  request.sampling.seed += start.path;
  TRY_ASSIGN(NextPrompt next, prompt_of(start, std::move(request.prompt)));
  if (next.tokens.size() >= plan_.model->info().context_max)
    return http::refuse("nothing more fits into the context", "");
  if (keep_prompts_) path.prompt = std::make_shared<const std::vector<TokenId>>(next.tokens);
  request.prompt = std::move(next.tokens);
  request.admission = plan_.account.admission();
  request.logprobs = std::max(request.logprobs, 0);  // for those who judge by likelihood
  if (start.tokens_max > 0)
    request.tokens_max =
        request.tokens_max == 0 ? start.tokens_max : std::min(start.tokens_max, request.tokens_max);
  if (start.thoughts_only) request.stop = {std::string(plan_.parser.thoughts->close)};
  if (start.thoughts_only || start.from == From::answer) request.thoughts = {};
  if (start.aside) request.grammar = nullptr;
  request.step = start.step;
  auto parser = std::make_unique<dialect::OutputParser>(std::move(next.parser));
  if (start.from == From::step) TRY(go_on(start, *parser, request));
  path.parser = std::move(parser);
  path.choice = of_choice_.size();
  of_choice_.push_back(start.path);
  return request;
}

// Its limits are those of the whole answer, and so is what its text means.
http::Checked<void> Paths::go_on(const llm::PathStart& start, dialect::OutputParser& parser,
                                 llm::GenerateRequest& request) {
  const Answer before = answer_of(start.after);
  const std::string& said = list_[start.after].said;
  list_[start.path].said = said;
  (void)parser.feed(said);
  if (first_.tokens_max > 0) {
    const auto used = static_cast<uint32_t>(before.tokens.size());
    if (used >= first_.tokens_max) return http::refuse("its tokens are used up", "");
    request.tokens_max = std::min(request.tokens_max, first_.tokens_max - used);
  }
  llm::ThoughtLimit& thoughts = request.thoughts;
  if (!parser.thinking()) {
    thoughts = {};
  } else if (!thoughts.closing.empty()) {
    thoughts.open.clear();
    thoughts.tokens_max -= std::min(before.thinking_tokens, thoughts.tokens_max - 1);
  }
  return {};
}

http::Checked<NextPrompt> Paths::prompt_of(const llm::PathStart& start,
                                           std::vector<TokenId> given) const {
  if (start.from == From::turn) return plan_.search.prompt_after(messages_before(start));
  NextPrompt next{.tokens = std::move(given), .parser = plan_.parser};
  if (start.from == From::prompt) return next;
  if (start.from == From::step) {
    const std::vector<TokenId> said = answer_of(start.after).tokens;
    next.tokens.insert(next.tokens.end(), said.begin(), said.end());
    return next;
  }
  TRY_ASSIGN(next.tokens, continued(start));
  next.parser.thinking = start.from == From::thoughts;
  if (start.from == From::answer) next.parser.thoughts = nullptr;
  return next;
}

http::Checked<std::vector<TokenId>> Paths::continued(const llm::PathStart& start) const {
  const Path& before = list_[start.after];
  if (before.prompt == nullptr) return http::refuse("there is nothing to go on from", "");
  const std::string close(plan_.parser.thoughts->close);
  const service::ServedModel& model = *plan_.model;
  KeptThoughts kept =
      kept_thoughts(before.answer.tokens, close, before.answer.finish == Finish::stop,
                    [&](std::span<const TokenId> some) { return model.decode(some); });
  std::vector<TokenId> tokens = *before.prompt;
  tokens.insert(tokens.end(), kept.tokens.begin(), kept.tokens.end());
  const std::string more = start.from == From::answer ? "\n" + close + "\n\n" : start.text;
  const std::vector<TokenId> added = model.encode(kept.rest + more, {.add_special = false});
  tokens.insert(tokens.end(), added.begin(), added.end());
  return tokens;
}

// What has been said since the prompt, and what its user says now.
http::Json Paths::messages_before(const llm::PathStart& start) const {
  const Path& before = list_[start.after];
  const bool more = before.start.from == From::turn;
  http::Json messages = more ? messages_before(before.start) : http::Json::array();
  messages.push_back({{"role", "assistant"}, {"content", before.answer.text}});
  messages.push_back({{"role", "user"}, {"content", start.text}});
  return messages;
}

std::string Paths::thoughts_of(uint32_t path) const {
  const Path& it = list_[path];
  const bool goes_on = it.start.from != From::prompt && it.start.from != From::turn;
  std::string all = goes_on ? thoughts_of(it.start.after) : "";
  if (it.start.from == From::thoughts) all += it.start.text;
  return all + it.answer.thinking;
}

std::string Paths::text_of(uint32_t path) const {
  const Path& it = list_[path];
  const std::string before = it.start.from == From::step ? text_of(it.start.after) : "";
  return before + it.answer.text;
}

Answer Paths::answer_of(uint32_t path) const {
  const Path& it = list_[path];
  Answer all = it.start.from == From::step ? answer_of(it.start.after) : Answer{};
  const Answer& more = it.answer;
  all.tokens.insert(all.tokens.end(), more.tokens.begin(), more.tokens.end());
  all.logprobs.insert(all.logprobs.end(), more.logprobs.begin(), more.logprobs.end());
  all.alternatives.insert(all.alternatives.end(), more.alternatives.begin(),
                          more.alternatives.end());
  all.generated_tokens += more.generated_tokens;
  all.thinking_tokens += more.thinking_tokens;
  all.text += more.text;
  all.finish = it.open ? Finish::length : more.finish;
  return all;
}

}  // namespace mill::inference
