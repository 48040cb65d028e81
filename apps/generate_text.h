#pragma once
// One generation on the terminal: what chat and complete share.

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "service/generation/served_model.h"

namespace mill::apps {

struct SamplingFlags {
  uint32_t tokens_max = 0;  // 0 = what the context holds
  float temperature = 0.7F, top_p = 1, min_p = 0;
  uint32_t top_k = 0;
  std::optional<uint64_t> seed;  // absent: another one each time
  std::vector<std::string> stop;
};

// --max-tokens, --temperature, --top-p, --top-k, --min-p, --seed, --stop
void add_sampling_options(CLI::App&, SamplingFlags&);

Result<llm::GenerateRequest> request_for(std::vector<TokenId> prompt, const SamplingFlags&);

struct Generated {
  std::string text;
  llm::FinishReason finish = llm::FinishReason::none;
  uint32_t prompt_tokens = 0, cached_tokens = 0, generated_tokens = 0;
};

// Returns when the answer is complete; `on_text` sees it grow. Ctrl-C ends it with `cancelled`.
Result<Generated> generate(service::ServedModel&, llm::GenerateRequest,
                           const std::function<void(std::string_view)>& on_text);

// One line of JSON: {"text", "finish_reason", "usage": {…}}
std::string generated_json(const Generated&);

}  // namespace mill::apps
