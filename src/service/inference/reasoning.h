#pragma once
// From a wish for an answer out of several paths to the search that finds it.

#include "llm/reason/search.h"
#include "service/inference/host.h"

namespace mill::inference {

struct Reasoning {
  llm::SearchOptions search = {};      // its verifier is made of the next
  llm::VerifierOptions verifier = {};  // name "" = the method's usual one
  uint32_t deadline_ms = 0;            // from when the request is planned; 0 = none
  float budget_joules = 0;             // of all its paths; 0 = no limit
};

// What stands against several paths in the rest of a request.
struct ReasoningLimits {
  bool tools = false;   // it may call some
  bool thinks = false;  // its answer may begin with thoughts
};

struct FoundSearch {
  std::unique_ptr<llm::Search> method;
  llm::VerifierPointer asked;  // its verifier, where that takes its time
};
// Its answers become the request's choices, each with its part of the budget.
Checked<FoundSearch> search_for(const Reasoning&, ReasoningLimits, GenerateParams&);

}  // namespace mill::inference
