#pragma once
// Compiled grammars, remembered by what they say: a client sends the same schema with each of its
// requests, and only the first of them shall wait for it. What was refused is remembered, too.

#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "data/grammar/spec.h"

namespace mill::inference {

// Whether planning the request may have to compile one: a look at its body's bytes.
bool may_need_grammar(std::string_view body);

class Grammars {  // any thread may call any member
 public:
  static constexpr size_t kBytesMax = size_t{64} << 20;

  explicit Grammars(size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

  // As grammar::compile() has it. Those not asked for the longest go first where the memory runs
  // out; who holds one keeps it.
  Result<grammar::GrammarPtr> compiled(const grammar::Spec&,
                                       uint64_t steps_max = grammar::Effort::kStepsMax);

  size_t memory_bytes() const;
  uint64_t compilations() const;  // since the start

 private:
  struct Entry {
    std::string key;
    Result<grammar::GrammarPtr> grammar;
    size_t bytes = 0;
  };

  void keep(std::string key, const Result<grammar::GrammarPtr>&);

  const size_t bytes_max_;
  mutable std::mutex mutex_;  // guards what follows; not held while one is compiled
  std::list<Entry> entries_;  // the last asked for first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> places_;
  size_t bytes_ = 0;
  uint64_t compilations_ = 0;
};

}  // namespace mill::inference
