#pragma once
// Whose turn it is. Every tenant has a counter of the tokens that were computed for it (those that
// the prefix cache had are free), and the one with the smallest goes first: of two that want more
// than they get, each gets the same, however many requests either has sent. After "Fairness in
// Serving Large Language Models" (Sheng et al., OSDI 2024), the Virtual Token Counter, with two
// changes:
//
//  * A counter that was idle is lifted to its credit below the others', not up to them. So a tenant
//    that asks seldom has a short request served as if it were alone, and cannot save up more.
//  * There it is only the admission that is fair: a batch once full of one tenant's requests slows
//    down everybody's. Here a tenant that is more than a quantum ahead of one that runs is held
//    back (docs/decisions/0004-fair-shares.md has the costs).

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace mill::llm {

struct Sequence;

// Tokens by which counters may differ before anybody is held back: about as much as a prompt has,
// so that tenants with like loads share every batch.
inline constexpr uint32_t kQuantum = 1024;
// Quanta by which whoever comes back is behind: it may use all but one of them undisturbed.
inline constexpr uint32_t kCreditQuanta = 9;

struct Tenant {
  uint64_t used = 0;    // the counter; comparable among those that are active
  uint32_t active = 0;  // sequences that wait or run
  // Tokens that it got in steps in which it and others wanted more than they got, lately.
  double contended = 0;
  double contending = 0;               // the number of those steps
  std::deque<Sequence*> waiting = {};  // by priority, then the oldest first
};

// `a` goes before `b`, both of one tenant.
bool goes_before(const Sequence& a, const Sequence& b);

class Tenants {
 public:
  explicit Tenants(uint32_t quantum = kQuantum) : credit_(uint64_t{kCreditQuanta} * quantum) {}

  void arrive(Sequence&);                     // one more is active, and waits
  void wait_again(Sequence&);                 // it ran, and has yielded
  void admitted(const Sequence&);             // the first of its tenant's no longer waits
  void leave(Sequence&);                      // waiting or not, it is gone
  void charge(Sequence&, uint32_t computed);  // its tokens up to this one are computed

  Tenant* least_served_waiting();  // null where none waits
  size_t waiting() const { return waiting_; }
  const std::map<std::string, Tenant>& all() const { return all_; }

  // After each step: tenants whose `contends` says so wanted more than they got.
  void contend(const std::map<const Tenant*, uint32_t>& tokens);
  // Jain's index of what tenants got that wanted more at the same time, lately: (Σx)² / (n·Σx²), 1
  // where all got the same and where there were fewer than two, 1/n where one got all.
  double fairness() const;

 private:
  void sweep();
  uint64_t least_active() const;

  uint64_t credit_;
  std::map<std::string, Tenant> all_;
  uint64_t reached_ = 0;  // by the least served of the active ones, ever
  size_t waiting_ = 0;
};

}  // namespace mill::llm
