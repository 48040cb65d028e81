#pragma once
// Makes the answer of a receipt again, and compares.

#include <string>
#include <vector>

#include "base/error.h"
#include "service/receipts/receipt.h"

namespace mill::receipts {

enum class Verdict : uint8_t { ok, wrong, note };

struct Check {
  std::string of;  // "weights", "choice 0"
  Verdict verdict = Verdict::ok;
  std::string says = {};
};

// Whether the model here is the receipt's.
std::vector<Check> check_model(const Receipt&, const service::ModelInfo& here);

// The requests that the engine had, one for each choice.
Result<std::vector<llm::GenerateRequest>> requests_of(const Receipt&);

struct Rerun {
  std::vector<Check> checks;       // one for each choice
  std::vector<std::string> texts;  // of the choices, as they are here
};
// Returns when all choices are over. An Error where the engine refuses what the receipt asks for.
Result<Rerun> rerun(const Receipt&, service::ServedModel&);

}  // namespace mill::receipts
