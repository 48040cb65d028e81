#include "service/receipts/rerun.h"

#include <array>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/printable.h"
#include "data/fetch/digest.h"
#include "data/grammar/spec_json.h"
#include "service/generation/choices.h"
#include "service/http/json_body.h"

namespace mill::receipts {
namespace {

constexpr int kGrammarDepthMax = 192;  // the schema's own, and that of the parts around it

// One choice: what is told here, against what the receipt says, token by token.
class Voice {
 public:
  explicit Voice(const Choice& said) : said_(said) {
    over_ = !is_whole(said_) && said_.tokens.empty();
  }

  // True once nothing more is wanted of the engine.
  bool take(const llm::GenerateEvent& event) {
    if (over_) return true;
    made_.add(event);
    compare_tokens();
    const bool ended = event.finish != llm::FinishReason::none;
    over_ |= ended || (!is_whole(said_) && made_.tokens.size() >= said_.tokens.size());
    if (ended && wrong_.empty()) compare_end(event);
    return over_;
  }

  Check check(size_t number) const {
    const std::string of = fmt::format("choice {}", number);
    if (!wrong_.empty()) return {of, Verdict::wrong, wrong_};
    if (fetch::sha256_of_text(made_.text) != said_.text_sha256)
      return {of, Verdict::wrong, "the tokens are the same, and their text is another"};
    return {of, Verdict::ok,
            fmt::format("{} tokens, {}{}", said_.tokens.size(), printable(said_.finish),
                        is_whole(said_) ? "" : ": the beginning of what there is here")};
  }
  const std::string& text() const { return made_.text; }

 private:
  void compare_tokens() {
    for (; compared_ < made_.tokens.size() && wrong_.empty(); ++compared_) {
      if (compared_ >= said_.tokens.size())
        wrong_ =
            fmt::format("the receipt ends after {} tokens, and the answer here goes on", compared_);
      else if (made_.tokens[compared_] != said_.tokens[compared_])
        wrong_ = fmt::format("token {} is {} here, and {} in the receipt", compared_,
                             made_.tokens[compared_], said_.tokens[compared_]);
    }
    over_ |= !wrong_.empty();
  }

  void compare_end(const llm::GenerateEvent& event) {
    const bool failed = event.finish == llm::FinishReason::error;
    if (made_.tokens.size() < said_.tokens.size() || (failed && is_whole(said_)))
      wrong_ = fmt::format("the answer here ends after {} tokens, that of the receipt after {}{}{}",
                           made_.tokens.size(), said_.tokens.size(), failed ? ": " : "",
                           event.error.message);
    else if (is_whole(said_) &&
             (event.finish == llm::FinishReason::stop) != (said_.finish == "stop"))
      wrong_ = fmt::format("the receipt says that it ended with '{}', and here it does not",
                           printable(said_.finish));
  }

  const Choice& said_;
  inference::Made made_;
  size_t compared_ = 0;
  bool over_ = false;
  std::string wrong_;
};

// All choices at once, until the last one is over.
class Run {
 public:
  explicit Run(const Receipt& receipt) : voices_(receipt.choices.begin(), receipt.choices.end()) {}

  Result<void> run(service::ServedModel& model, std::vector<llm::GenerateRequest> requests) {
    const auto started = service::Choices::start(
        model, std::move(requests),
        {.started = [this](const auto& choices) { choices_ = choices; },
         .event = [this](size_t i, const llm::GenerateEvent& event) { on_event(i, event); },
         .done = [this] { finish(); }});
    if (!started) return std::unexpected(started.error());
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
    return {};
  }

  Rerun result() const {
    Rerun out;
    for (size_t i = 0; i < voices_.size(); ++i) {
      out.checks.push_back(voices_[i].check(i));
      out.texts.push_back(voices_[i].text());
    }
    return out;
  }

 private:
  void on_event(size_t choice, const llm::GenerateEvent& event) {
    if (!voices_[choice].take(event) || event.finish != llm::FinishReason::none) return;
    if (const auto alive = choices_.lock()) alive->cancel_within(choice);
  }

  void finish() {
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_one();
  }

  std::vector<Voice> voices_;  // the engine's thread alone uses them until all is done
  std::weak_ptr<service::Choices> choices_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

Result<grammar::GrammarPtr> grammar_of(const std::string& source) {
  if (source.empty()) return nullptr;
  const auto json = http::parse_json(source, {.depth_max = kGrammarDepthMax});
  if (!json) return fail(ErrorKind::invalid, "the receipt's grammar: {}", json.error().message);
  TRY_ASSIGN(const grammar::Spec spec, grammar::spec_of(*json));
  return grammar::compile(spec);
}

Check same(const char* of, const std::string& here, const std::string& said) {
  if (here == said) return {of, Verdict::ok, here.empty() ? "none" : here};
  return {of, Verdict::wrong, fmt::format("{} here, and {} in the receipt", here, printable(said))};
}

}  // namespace

std::vector<Check> check_model(const Receipt& receipt, const service::ModelInfo& here) {
  const service::Provenance &ours = here.provenance, &said = receipt.provenance;
  std::vector<Check> checks = {
      same("weights", here.digest, receipt.weights),
      same("vocabulary", ours.vocabulary, said.vocabulary),
      same("template", ours.chat_template, said.chat_template),
      same("kv type", ours.kv_type, said.kv_type),
      same("context", std::to_string(here.context_max), std::to_string(receipt.context))};
  Check numbers{
      "numbers", Verdict::ok,
      fmt::format("{} here, {} there: the same order of sums", ours.isa, printable(said.isa))};
  if (ours.order != said.order)
    numbers = {
        "numbers", Verdict::note,
        fmt::format("{} here, {} there: they sum products with BF16 weights in another order, "
                    "so an answer of such weights is another; TOKENMILL_ISA={} has theirs",
                    ours.isa, printable(said.isa), printable(said.order))};
  checks.push_back(std::move(numbers));
  const bool same_build = ours.program == said.program;
  checks.push_back({"build", same_build ? Verdict::ok : Verdict::note,
                    fmt::format("version {}, {} program", printable(receipt.version),
                                same_build ? "the same" : "another")});
  return checks;
}

Result<std::vector<llm::GenerateRequest>> requests_of(const Receipt& receipt) {
  TRY_ASSIGN(const grammar::GrammarPtr grammar, grammar_of(receipt.grammar));
  std::vector<llm::GenerateRequest> requests;
  for (const Choice& choice : receipt.choices) {
    llm::GenerateRequest request = receipt.asked;
    request.prompt = receipt.prompts[choice.prompt];
    request.sampling.seed = choice.seed;
    request.grammar = grammar;
    requests.push_back(std::move(request));
  }
  return requests;
}

Result<Rerun> rerun(const Receipt& receipt, service::ServedModel& model) {
  if (receipt.choices.empty())
    return fail(ErrorKind::invalid, "the receipt has no choices, so there is nothing to run again");
  TRY_ASSIGN(auto requests, requests_of(receipt));
  Run run(receipt);
  TRY(run.run(model, std::move(requests)));
  return run.result();
}

}  // namespace mill::receipts
