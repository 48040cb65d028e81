#pragma once
// The paths of a search (llm/reason/search.h): how each began, what it has said, and the requests
// of those that go on from others.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "service/http/json_body.h"
#include "service/inference/answering.h"

namespace mill::inference {

struct Path {
  llm::PathStart start = {};
  std::shared_ptr<const std::vector<TokenId>> prompt = {};  // where others may go on from it
  std::unique_ptr<dialect::OutputParser> parser = {};       // null = it has not begun
  std::string said = {};  // all of its answer's text, as the model wrote it
  Answer answer = {};
  double logprobs = 0;  // their sum
  size_t choice = 0;    // its number at the engine (generation/choices.h)
  bool over = false;
  bool open = false;  // it has ended with a step, and others may go on from it
};

// Of thoughts that have ended, what others go on from: the tokens before those that end them, and
// the text that these say before.
struct KeptThoughts {
  std::vector<TokenId> tokens;
  std::string rest;
};
using Decode = std::function<std::string(std::span<const TokenId>)>;
// `ended`: of themselves, whether by `close` or by the end of the text.
KeptThoughts kept_thoughts(std::span<const TokenId>, std::string_view close, bool ended,
                           const Decode&);

class Paths {
 public:
  // The plan has a request for each answer, and outlives this.
  explicit Paths(AnswerPlan&);

  // Its request. Refused where it cannot go on, because nothing fits the context any more.
  http::Checked<llm::GenerateRequest> begin(const llm::PathStart&);

  Path& at(uint32_t path) { return list_[path]; }
  const Path& at(uint32_t path) const { return list_[path]; }
  uint32_t of_choice(size_t choice) const { return of_choice_[choice]; }
  uint32_t size() const { return static_cast<uint32_t>(list_.size()); }
  std::string thoughts_of(uint32_t path) const;  // with those that it goes on from
  std::string text_of(uint32_t path) const;      // with the steps that it goes on from
  // The same of all that makes an answer: its tokens, and what they are told with.
  Answer answer_of(uint32_t path) const;

 private:
  http::Checked<NextPrompt> prompt_of(const llm::PathStart&, std::vector<TokenId> given) const;
  http::Checked<std::vector<TokenId>> continued(const llm::PathStart&) const;
  http::Checked<void> go_on(const llm::PathStart&, dialect::OutputParser&, llm::GenerateRequest&);
  http::Json messages_before(const llm::PathStart&) const;

  AnswerPlan& plan_;
  llm::GenerateRequest first_;  // of the first path; the others differ in their seed
  bool keep_prompts_;
  std::vector<Path> list_;
  std::vector<uint32_t> of_choice_;
};

}  // namespace mill::inference
