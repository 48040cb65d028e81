#pragma once
// Self-consistency (Wang et al., "Self-Consistency Improves Chain of Thought Reasoning in Language
// Models", ICLR 2023): of several answers to one question, the one that most come to.
//
// The winner depends on the answers alone, not on the order in which they come: of two with as many
// votes, it is the one with the sample of the smallest number. An answer that comes to nothing has
// no vote.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace mill::llm {

class Vote {
 public:
  void cast(uint32_t sample, const std::optional<std::string>& answer);  // each sample once

  struct Winner {
    std::string answer;
    uint32_t sample = 0;  // the first that came to it
    uint32_t votes = 0;
  };
  std::optional<Winner> winner() const;  // none while nobody has voted
  uint32_t runner_up() const;            // the votes of the second
  // Whatever the samples say that are still out, the winner stays: they need not be waited for.
  bool decided(uint32_t outstanding) const;
  uint32_t cast() const { return cast_; }

 private:
  struct Candidate {
    uint32_t votes = 0, first = 0;
  };
  std::map<std::string, Candidate> candidates_;
  uint32_t cast_ = 0;
};

}  // namespace mill::llm
