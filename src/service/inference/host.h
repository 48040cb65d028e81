#pragma once
// What stands behind the endpoints of every API: the models, and the seams for clock and entropy.

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>

#include "llm/reason/verifier.h"
#include "service/generation/served_model.h"
#include "service/http/problem.h"
#include "service/inference/grammars.h"
#include "service/inference/meter.h"
#include "service/inference/models.h"
#include "service/inference/params.h"

namespace mill::inference {

using http::Checked;
using http::Problem;

struct Host {
  Models models;
  std::function<int64_t()> unix_time;
  std::function<int64_t()> nanoseconds = [] { return int64_t{0}; };  // of a clock that only ascends
  std::function<uint64_t()> entropy;  // ids, and seeds where the client gives none

  bool measures_energy = false;  // what answers draw is known
  int64_t queue_ms_max = 0;      // for which a request waits that does not say itself; 0 = always

  std::shared_ptr<Meter> meter = {};           // null = nobody counts
  std::shared_ptr<Notary> notary = {};         // null = nobody certifies
  std::shared_ptr<Budget> budget = {};         // null = no limits; with a meter only
  std::shared_ptr<llm::Courier> courier = {};  // null = no verifier outside is asked
  std::shared_ptr<llm::Jail> jail = {};        // null = nothing that answers write is run
  std::unique_ptr<Grammars> grammars = std::make_unique<Grammars>();

  Host() = default;
  // First nobody waits for verdicts any more, then all answers end, then they are certified and
  // recorded, and only then the models go.
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  Checked<ModelPointer> find(const std::string& name) const { return models.find(name); }
  // Null where the answer may be any text; else refused by the field that asks for it.
  Checked<grammar::GrammarPtr> grammar_of(const GenerateParams&) const;
  Account account(const http::Request&, const ServedModel&) const;  // opened now
  std::string fresh_id(const char* prefix) const {  // "chatcmpl-" → "chatcmpl-0123456789abcdef…"
    return fmt::format("{}{:016x}{:016x}", prefix, entropy(), entropy());
  }
};

}  // namespace mill::inference
