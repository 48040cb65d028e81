#include "llm/schedule/tenants.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "llm/schedule/scheduler.h"

namespace mill::llm {
namespace {

constexpr size_t kRemembered = 1024;       // tenants beyond this: the idle ones are forgotten
constexpr double kContentionSteps = 1024;  // what was got so many steps ago counts 1/e

void insert(std::deque<Sequence*>& queue, Sequence& it) {
  const auto place =
      std::ranges::find_if(queue, [&](const Sequence* other) { return goes_before(it, *other); });
  queue.insert(place, &it);
}

}  // namespace

bool goes_before(const Sequence& a, const Sequence& b) {
  return std::pair(a.priority, a.id) < std::pair(b.priority, b.id);
}

uint64_t Tenants::least_active() const {
  uint64_t least = UINT64_MAX;
  for (const auto& [name, it] : all_)
    if (it.active > 0) least = std::min(least, it.used);
  return least;
}

void Tenants::arrive(Sequence& sequence) {
  sweep();
  Tenant& it = all_[sequence.tenant];
  if (const uint64_t least = least_active(); least != UINT64_MAX)
    reached_ = std::max(reached_, least);
  if (it.active == 0) it.used = std::max(it.used, reached_ - std::min(reached_, credit_));
  ++it.active;
  sequence.account = &it;
  insert(it.waiting, sequence);
  ++waiting_;
}

void Tenants::wait_again(Sequence& sequence) {
  insert(sequence.account->waiting, sequence);
  ++waiting_;
}

void Tenants::admitted(const Sequence& sequence) {
  ASSERT(sequence.account->waiting.front() == &sequence, sequence.id);
  sequence.account->waiting.pop_front();
  --waiting_;
}

void Tenants::leave(Sequence& sequence) {
  Tenant& it = *std::exchange(sequence.account, nullptr);
  waiting_ -= std::erase(it.waiting, &sequence);
  reached_ = std::max(reached_, least_active());
  --it.active;
}

void Tenants::charge(Sequence& sequence, uint32_t computed) {
  if (computed <= sequence.charged) return;  // again, after it has yielded
  sequence.account->used += computed - std::exchange(sequence.charged, computed);
}

Tenant* Tenants::least_served_waiting() {
  Tenant* best = nullptr;
  const auto first = [](const Tenant& it) { return std::pair(it.used, it.waiting.front()->id); };
  for (auto& [name, it] : all_)
    if (!it.waiting.empty() && (best == nullptr || first(it) < first(*best))) best = &it;
  return best;
}

void Tenants::contend(const std::map<const Tenant*, uint32_t>& tokens) {
  if (tokens.size() < 2) return;
  for (auto& [name, it] : all_) {
    it.contended *= 1 - 1 / kContentionSteps;
    it.contending *= 1 - 1 / kContentionSteps;
    const auto got = tokens.find(&it);
    if (got == tokens.end()) continue;
    it.contended += got->second;
    ++it.contending;
  }
}

double Tenants::fairness() const {
  double sum = 0, squares = 0, count = 0;
  for (const auto& [name, it] : all_) {
    if (it.contending < 0.5) continue;
    sum += it.contended;
    squares += it.contended * it.contended;
    ++count;
  }
  return count < 2 || sum == 0 ? 1 : sum * sum / (count * squares);
}

// What an idle tenant's counter says is worth the credit at most.
void Tenants::sweep() {
  if (all_.size() <= kRemembered) return;
  std::erase_if(all_, [](const auto& entry) { return entry.second.active == 0; });
}

}  // namespace mill::llm
