#pragma once
// Who says how good an answer is. A verifier is pure: the same answer, the same judgement. One that
// cannot judge an answer says so by an Error, and the answer counts as unverified: it is neither
// preferred to one that was found right nor put behind one that was found wrong.

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mill::llm {

struct PathEnd {
  uint32_t path = 0;
  std::string_view text = {};  // the answer, without thoughts
  double logprob_mean = 0;     // of all its tokens, those of thoughts too
  uint32_t tokens = 0;
  bool cut = false;      // by its limit of tokens, or by the time
  bool thought = false;  // it had thoughts, and ended with them or within them
};

struct Judgement {
  bool right = false;
  double score = 0;      // the larger, the better
  std::string why = {};  // for whoever watches: a few words
};

class Verifier {
 public:
  virtual ~Verifier() = default;
  virtual Result<Judgement> judge(const PathEnd&) const = 0;
  virtual bool compares_only() const { return false; }  // it finds no answer right or wrong
};
using VerifierPointer = std::shared_ptr<const Verifier>;

struct VerifierOptions {
  std::string name = {};
  nlohmann::ordered_json schema = nullptr;  // of json_schema; null = there is none
};

// A verifier is a file and a row here.
struct VerifierRow {
  std::string_view name, summary;
  bool needs_schema = false;
  Result<VerifierPointer> (*make)(const VerifierOptions&);
};
std::span<const VerifierRow> verifiers();
// An unknown one is refused (invalid) with the list of those that there are.
Result<VerifierPointer> make_verifier(const VerifierOptions&);

Result<VerifierPointer> likelihood_verifier(const VerifierOptions&);
Result<VerifierPointer> arithmetic_verifier(const VerifierOptions&);
Result<VerifierPointer> json_schema_verifier(const VerifierOptions&);

}  // namespace mill::llm
