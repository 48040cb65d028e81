#include "llm/schedule/scheduler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>

namespace mill::llm {
namespace {

Sequence sequence(uint64_t id, uint32_t tokens, TokenId value = 0) {
  Sequence it;
  it.id = id;
  it.tokens.assign(tokens, value != 0 ? value : static_cast<TokenId>(1000 + id));
  it.wanted = tokens - 1;
  return it;
}

Plan step(Schedule& schedule) {
  Plan plan = plan_step(schedule);
  REQUIRE(violation(schedule, plan) == "");
  commit(schedule, plan);
  REQUIRE(violation(schedule) == "");
  return plan;
}

uint32_t tokens_of(const Plan& plan, const Sequence& sequence) {
  for (const PlannedPiece& piece : plan.pieces)
    if (piece.sequence == &sequence) return piece.tokens;
  return 0;
}

TEST_CASE("a prompt goes through in chunks, and only its last token asks for logits") {
  Schedule schedule({.chunk_tokens = 64}, 8);
  Sequence it = sequence(1, 150);
  enqueue(schedule, it);
  std::vector<uint32_t> tokens, logits;
  for (Plan plan = step(schedule); !plan.pieces.empty(); plan = step(schedule)) {
    tokens.push_back(plan.tokens);
    logits.push_back(plan.logits);
  }
  CHECK(tokens == std::vector<uint32_t>{64, 64, 22});
  CHECK(logits == std::vector<uint32_t>{0, 0, 1});
  finish(schedule, it);
  CHECK(schedule.pool.held() == 0);
}

TEST_CASE("decoding goes first and prompts share the rest") {
  Schedule schedule({.chunk_tokens = 64, .batch_tokens_max = 65}, 64);
  Sequence decoder = sequence(1, 10), large = sequence(2, 500), small = sequence(3, 20);
  enqueue(schedule, decoder);
  step(schedule);
  decoder.tokens.push_back(5);
  enqueue(schedule, large);
  enqueue(schedule, small);
  const Plan plan = step(schedule);
  CHECK(tokens_of(plan, decoder) == 1);
  CHECK(tokens_of(plan, small) == 20);
  CHECK(tokens_of(plan, large) == 44);
}

TEST_CASE("the same prompt sent several times is computed once") {
  Schedule schedule({.chunk_tokens = 512}, 64);
  std::vector<Sequence> twins;
  for (uint64_t id = 1; id <= 4; ++id) twins.push_back(sequence(id, 100, 7));
  for (Sequence& it : twins) enqueue(schedule, it);
  CHECK(step(schedule).tokens == 100);
  for (const Sequence& it : twins) CHECK(it.remaining() == 0);  // they have the first one's row
  CHECK(twins[0].cached_tokens == 0);
  CHECK(twins[3].cached_tokens == 100);
  CHECK(schedule.pool.held() == 3 + 4);
  for (Sequence& it : twins) it.tokens.push_back(static_cast<TokenId>(it.id));
  const Plan plan = step(schedule);
  CHECK(plan.copies.size() == 3);
  CHECK(plan.tokens == 4);
}

TEST_CASE("a prompt that others go on from is not computed again, but for its last token") {
  Schedule schedule({.chunk_tokens = 512}, 64);
  std::vector<Sequence> twins;
  for (uint64_t id = 1; id <= 4; ++id) twins.push_back(sequence(id, 100, 7));
  enqueue(schedule, twins[0]);
  step(schedule);
  twins[0].tokens.push_back(5);
  for (size_t i = 1; i < 4; ++i) enqueue(schedule, twins[i]);
  const Plan plan = step(schedule);
  CHECK(plan.tokens == 1 + 1);  // the first one's next, and one for those that came later
  CHECK(plan.copies.size() == 1);
  for (const Sequence& it : twins) CHECK(it.remaining() == 0);
  CHECK(twins[1].cached_tokens == 99);
  CHECK(twins[2].cached_tokens == 100);
}

TEST_CASE("twins whose first one goes away are led by the next") {
  Schedule schedule({.chunk_tokens = 64}, 64);
  std::vector<Sequence> twins;
  for (uint64_t id = 1; id <= 3; ++id) twins.push_back(sequence(id, 200, 7));
  for (Sequence& it : twins) enqueue(schedule, it);
  step(schedule);
  finish(schedule, twins[0]);
  uint32_t tokens = 0;
  while (twins[2].remaining() > 0) tokens += step(schedule).tokens;
  CHECK(tokens == 200 - 64);
}

TEST_CASE("another tenant's prompt waits for nobody") {
  Schedule schedule({.chunk_tokens = 64}, 64);
  Sequence mine = sequence(1, 100, 7), theirs = sequence(2, 100, 7);
  theirs.tenant = "t";
  enqueue(schedule, mine);
  enqueue(schedule, theirs);
  step(schedule);
  CHECK(mine.behind == 0);
  CHECK(theirs.behind == 0);
}

TEST_CASE("the last token of a prompt is computed even if another has its block") {
  Schedule schedule({}, 64);
  Sequence first = sequence(1, 64, 7), second = sequence(2, 64, 7);
  enqueue(schedule, first);
  step(schedule);
  enqueue(schedule, second);
  const Plan plan = step(schedule);
  CHECK(tokens_of(plan, second) == 1);
  CHECK(plan.logits == 1);
  CHECK(first.blocks == second.blocks);  // the twin of the last block was given back
}

TEST_CASE("the youngest yields when blocks run out, and comes back") {
  Schedule schedule({.prefix_cache = false}, 5);
  Sequence old = sequence(1, 64), young = sequence(2, 32);
  enqueue(schedule, old);
  enqueue(schedule, young);
  step(schedule);
  CHECK(schedule.running.size() == 2);
  for (int i = 0; i < 64; ++i) {
    for (Sequence* it : schedule.running) it->tokens.push_back(3);
    step(schedule);
  }
  CHECK(old.remaining() == 0);
  CHECK(young.yielded);
  CHECK(schedule.tenants.all().at("").waiting.front() == &young);
  finish(schedule, old);
  step(schedule);
  CHECK(young.remaining() == 0);
}

TEST_CASE("wanted logits of a whole prompt come in pieces that fit") {
  Schedule schedule({.chunk_tokens = 64, .running_max = 8, .logit_rows_max = 20}, 8);
  Sequence it = sequence(1, 50);
  it.wanted = 0;
  enqueue(schedule, it);
  std::vector<uint32_t> logits;
  for (Plan plan = step(schedule); !plan.pieces.empty(); plan = step(schedule))
    logits.push_back(plan.logits);
  CHECK(logits == std::vector<uint32_t>{20, 20, 10});
}

// A world of requests in front of a scheduler. Prompts are prefixes of few texts, so that they
// share blocks; every computed sequence gets one token a step until it has enough.
class World {
 public:
  explicit World(uint32_t seed)
      : random_(seed), tenants_(1 + seed % 4), schedule_(options(), 4 + pick(30)) {}

  void run() {
    for (int now = 0; now < 300 || !active_.empty(); ++now) {
      REQUIRE(now < 20000);
      if (now < 300 && pick(4) == 0) arrive();
      if (!active_.empty() && pick(20) == 0) leave(pick(static_cast<uint32_t>(active_.size())));
      const Plan plan = step(schedule_);
      guarded += plan.guarded;
      copies += plan.copies.size();
      for (const PlannedPiece& it : plan.pieces) twins += it.twins.size();
      generate();
    }
    CHECK(schedule_.pool.held() == 0);
  }

  uint32_t guarded = 0;  // steps in which a tenant was held back
  size_t copies = 0, twins = 0;

 private:
  struct Request {
    Sequence sequence;
    uint32_t length = 0;  // with the answer
  };

  uint32_t pick(uint32_t below) { return static_cast<uint32_t>(random_() % below); }

  ScheduleOptions options() {
    const uint32_t running = 1 + pick(10);
    return {.chunk_tokens = 1 + pick(100),
            .running_max = running,
            .batch_tokens_max = 1 + pick(120),
            .logit_rows_max = running + pick(10),
            .prefix_cache = pick(3) > 0,
            .quantum_tokens = 1 + pick(pick(2) == 0 ? 20 : 200)};
  }

  void arrive() {
    const uint32_t room = schedule_.pool.size() * kBlockTokens;
    auto request = std::make_unique<Request>();
    request->sequence =
        sequence(++last_id_, 1 + pick(std::min(room - 1, 200U)), static_cast<TokenId>(1 + pick(3)));
    Sequence& it = request->sequence;
    if (pick(3) == 0 && !active_.empty() && active_.back()->length < room) {  // a twin
      it.tokens = active_.back()->sequence.tokens;
      it.wanted = it.size() - 1;
    }
    it.tenant = std::string(pick(tenants_), 't');
    it.priority = static_cast<int32_t>(pick(3));
    if (pick(4) == 0) it.tokens[pick(it.size())] = 99;
    if (pick(4) == 0) it.wanted = 0;
    request->length = it.size() + 1 + pick(std::min(room - it.size(), 100U));
    active_.push_back(std::move(request));
    enqueue(schedule_, it);
  }

  void leave(size_t i) {
    finish(schedule_, active_[i]->sequence);
    active_.erase(active_.begin() + static_cast<ptrdiff_t>(i));
    REQUIRE(violation(schedule_) == "");
  }

  void generate() {
    for (size_t i = active_.size(); i-- > 0;) {
      Sequence& it = active_[i]->sequence;
      if (it.remaining() > 0) continue;
      it.tokens.push_back(static_cast<TokenId>(pick(2)));
      if (it.size() >= active_[i]->length) leave(i);
    }
  }

  std::mt19937 random_;
  uint32_t tenants_;
  Schedule schedule_;
  std::vector<std::unique_ptr<Request>> active_;
  uint64_t last_id_ = 0;
};

TEST_CASE("in random worlds every invariant holds at every step, and everything finishes") {
  uint32_t guarded = 0;
  size_t copies = 0, twins = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    World world(seed);
    world.run();
    guarded += world.guarded;
    copies += world.copies;
    twins += world.twins;
  }
  CHECK(guarded > 1000);  // the seeds see what they are meant to see
  CHECK(copies > 1000);
  CHECK(twins > 500);
}

TEST_CASE("a long prompt goes on however many short ones come and go") {
  Schedule schedule({.chunk_tokens = 1, .running_max = 3}, 64);
  Sequence large = sequence(1, 100);
  enqueue(schedule, large);
  std::deque<Sequence> small;
  for (uint64_t id = 2; large.remaining() > 0; ++id) {
    REQUIRE(id < 1000);
    enqueue(schedule, small.emplace_back(sequence(id, 3)));
    step(schedule);
    for (Sequence& it : small)
      if (it.remaining() == 0 && !it.blocks.empty()) finish(schedule, it);
  }
}

TEST_CASE("a waiting request is admitted before all that came later") {
  Schedule schedule({.running_max = 2}, 64);
  std::vector<Sequence> all;
  for (uint64_t id = 1; id <= 6; ++id) all.push_back(sequence(id, id == 3 ? 900 : 10));
  for (Sequence& it : all) enqueue(schedule, it);
  std::vector<uint64_t> finished;
  for (int i = 0; i < 100 && finished.size() < all.size(); ++i) {
    step(schedule);
    for (Sequence& it : all) {
      if (it.remaining() > 0 || std::ranges::count(finished, it.id) > 0) continue;
      finish(schedule, it);
      finished.push_back(it.id);
    }
  }
  CHECK(finished == std::vector<uint64_t>{1, 2, 4, 3, 5, 6});
}

}  // namespace
}  // namespace mill::llm
