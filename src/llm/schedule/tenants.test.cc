#include "llm/schedule/tenants.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "llm/schedule/beside.h"
#include "llm/schedule/scheduler.h"

namespace mill::llm {
namespace {

// Tenants who ask and ask again, each with so many requests at a time.
class Market {
 public:
  explicit Market(ScheduleOptions options, uint32_t blocks = 4096) : schedule_(options, blocks) {}

  struct Offer {
    std::string tenant;
    uint32_t prompt = 32, answer = 32;
    int32_t priority = 0;
  };

  Sequence& ask(const Offer& offer) {
    auto it = std::make_unique<Request>();
    it->sequence.id = ++last_id_;
    it->sequence.tenant = offer.tenant;
    it->sequence.priority = offer.priority;
    it->sequence.tokens.assign(offer.prompt, static_cast<TokenId>(last_id_));
    it->sequence.wanted = offer.prompt - 1;
    it->length = offer.prompt + offer.answer;
    it->offer = offer;
    enqueue(schedule_, it->sequence);
    requests_.push_back(std::move(it));
    return requests_.back()->sequence;
  }

  // Whoever is done asks for the same again.
  std::map<std::string, uint32_t> step(bool again = true) {
    const Plan plan = plan_step(schedule_);
    REQUIRE(violation(schedule_, plan) == "");
    commit(schedule_, plan);
    REQUIRE(violation(schedule_) == "");
    std::vector<Offer> done;
    std::map<std::string, uint32_t> tokens;  // that this step computed for each
    for (const PlannedPiece& piece : plan.pieces) tokens[piece.sequence->tenant] += piece.tokens;
    for (const auto& [tenant, count] : tokens) got_[tenant] += count;
    std::erase_if(requests_, [&](const std::unique_ptr<Request>& it) {
      if (it->sequence.remaining() > 0) return false;
      it->sequence.tokens.push_back(7);
      if (it->sequence.size() < it->length) return false;
      finish(schedule_, it->sequence);
      done.push_back(it->offer);
      return true;
    });
    for (const Offer& offer : done) {
      ++done_[offer.tenant];
      if (again) ask(offer);
    }
    return tokens;
  }

  bool has(const Sequence& sequence) const {
    return std::ranges::any_of(requests_,
                               [&](const auto& it) { return &it->sequence == &sequence; });
  }
  Schedule& schedule() { return schedule_; }
  std::map<std::string, uint64_t> got_, done_;

 private:
  struct Request {
    Sequence sequence;
    uint32_t length = 0;
    Offer offer;
  };
  Schedule schedule_;
  std::vector<std::unique_ptr<Request>> requests_;
  uint64_t last_id_ = 0;
};

constexpr ScheduleOptions kEight{.chunk_tokens = 64, .running_max = 8, .batch_tokens_max = 72};

TEST_CASE("two tenants that want more than there is get the same, however many each has sent") {
  Market market(kEight);
  for (int i = 0; i < 100; ++i) market.ask({.tenant = "greedy"});
  for (int i = 0; i < 10; ++i) market.ask({.tenant = "modest", .prompt = 90, .answer = 8});
  for (int i = 0; i < 3000; ++i) market.step();
  const double share = static_cast<double>(market.got_["greedy"]) /
                       static_cast<double>(market.got_["greedy"] + market.got_["modest"]);
  CHECK(share == doctest::Approx(0.5).epsilon(0.05));
  CHECK(market.schedule().tenants.fairness() > 0.99);
}

TEST_CASE("who comes seldom is served as if alone, though the batch is full of another's") {
  Market market(kEight);
  for (int i = 0; i < 100; ++i) market.ask({.tenant = "greedy", .answer = 200});
  for (int i = 0; i < 500; ++i) market.step();
  const Sequence& it = market.ask({.tenant = "small", .prompt = 100, .answer = 150});
  uint32_t steps = 0, others = 0;
  for (; market.has(it); ++steps) others += market.step(false)["greedy"];
  CHECK(steps == 2 + 149);  // the prompt in chunks of 64, then each token
  CHECK(others <= kBesideShare * (4 * steps + 100 + 150));  // what costs 2 % of the time
  CHECK(others > 0);                                        // and is not nothing
  CHECK(market.schedule().yields == 1);
}

TEST_CASE("who goes on and on is protected no longer than until both have got the same") {
  Market market(kEight);
  for (int i = 0; i < 100; ++i) market.ask({.tenant = "greedy"});
  for (int i = 0; i < 1000; ++i) market.step();
  market.ask({.tenant = "steady", .answer = 500});
  market.ask({.tenant = "steady", .answer = 500});
  market.got_.clear();
  for (int i = 0; i < 40000; ++i) market.step();
  const auto greedy = static_cast<double>(market.got_["greedy"]);
  const auto steady = static_cast<double>(market.got_["steady"]);
  CHECK(std::abs(greedy - steady) < 1.0 * ((1 + kCreditQuanta) * kQuantum + 8 * 600));
}

TEST_CASE("a tenant's own requests go by priority, and nobody else's do") {
  Market market({.chunk_tokens = 64, .running_max = 1, .batch_tokens_max = 72});
  market.ask({.tenant = "a", .answer = 4});
  market.step(false);
  const Sequence& late = market.ask({.tenant = "a", .answer = 4, .priority = 5});
  const Sequence& other = market.ask({.tenant = "b", .answer = 4, .priority = 9});
  const Sequence& urgent = market.ask({.tenant = "a", .answer = 4, .priority = -5});
  std::vector<uint64_t> order;
  const std::vector<uint64_t> ids{late.id, other.id, urgent.id};
  while (!market.schedule().running.empty() || market.schedule().waiting() > 0) {
    const Plan plan = plan_step(market.schedule());
    if (plan.pieces.empty()) break;
    Sequence& it = *plan.pieces[0].sequence;
    if (order.empty() || order.back() != it.id) order.push_back(it.id);
    commit(market.schedule(), plan);
    if (it.remaining() == 0) finish(market.schedule(), it);
  }
  CHECK(order == std::vector<uint64_t>{1, ids[1], ids[2], ids[0]});
}

TEST_CASE("idle tenants are forgotten where there are too many") {
  Market market(kEight);
  for (int i = 0; i < 5000; ++i) {
    market.ask({.tenant = fmt::format("t{}", i), .prompt = 60, .answer = 2});
    while (!market.schedule().running.empty() || market.schedule().waiting() > 0)
      market.step(false);
  }
  CHECK(market.schedule().tenants.all().size() < 2000);
}

TEST_CASE("Jain's index: one got all of two is a half, and so on") {
  Tenants tenants;
  Sequence a, b;
  a.tenant += 'a';  // g++ 12 takes = "a" for an overflow
  b.tenant += 'b';
  tenants.arrive(a);
  tenants.arrive(b);
  CHECK(tenants.fairness() == 1);
  tenants.contend({{a.account, 90}, {b.account, 0}});
  CHECK(tenants.fairness() == 0.5);
  tenants.contend({{a.account, 0}, {b.account, 30}});
  CHECK(tenants.fairness() == doctest::Approx(120.0 * 120 / (2 * (8100 + 900))).epsilon(0.01));
}

}  // namespace
}  // namespace mill::llm
