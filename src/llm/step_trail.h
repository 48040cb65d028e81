#pragma once
// The last steps, and who was in them: a ring that is always kept, since it costs a few copies of
// numbers a step and no memory once it is full.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace mill::llm {

struct StepPiece {
  uint64_t sequence = 0;
  uint32_t tokens = 0;   // of a decoding one: a token, and guesses behind it
  bool prefill = false;  // of its prompt, or of what is computed again
};

struct StepRecord {
  uint64_t step = 0;
  int64_t began = 0, ended = 0;  // of the engine's clock
  std::vector<StepPiece> pieces = {};
};

// A sequence that has left the engine; the steps still name it.
struct Departed {
  uint64_t sequence = 0;
  std::string request, tenant;
};

class StepTrail {
 public:
  static constexpr size_t kSteps = 128, kDeparted = 512;

  // In this order, for each step; what add() is told after begin() is in it.
  void begin(uint64_t step, int64_t now);
  void add(StepPiece piece) { current().pieces.push_back(piece); }
  void end(int64_t now);

  void depart(Departed);

  std::vector<StepRecord> steps() const;  // that have ended, the oldest first
  const std::deque<Departed>& departed() const { return departed_; }
  int64_t busy() const { return busy_; }  // nanoseconds within steps, ever

 private:
  StepRecord& current() { return ring_[count_ % kSteps]; }

  std::array<StepRecord, kSteps> ring_ = {};  // each keeps its memory for the next
  uint64_t count_ = 0;                        // steps that have ended
  std::deque<Departed> departed_;
  int64_t busy_ = 0;
};

}  // namespace mill::llm
