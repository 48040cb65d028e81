#pragma once
// Who counts the tokens: the seam between the run of a request and the ledger.

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "llm/request.h"
#include "service/http/message.h"
#include "service/inference/answer.h"
#include "service/inference/budget.h"
#include "service/inference/notary.h"

namespace mill::inference {

// What one request has used.
struct Spent {
  std::string request;  // its id, "req_…", which its client sees as X-Request-Id
  http::Caller caller;
  std::string endpoint;       // "/v1/chat/completions"
  std::string model, digest;  // id, and SHA-256 of the weights ("" = not taken)
  Usage usage = {};           // `generated` includes `thinking`, `prompt` includes `cached`
  int64_t ended = 0;          // seconds since the epoch
  int64_t nanoseconds = 0;    // from the request's arrival
  int64_t began = 0;          // its arrival, by the clock of its phases
  Outcome outcome = Outcome::whole;
  std::string traceparent = {};                // who asked, as its header says (traces/span.h)
  std::vector<llm::RequestTimes> phases = {};  // of each generation
  bool certified = false;                      // there is a receipt of it
};

class Meter {
 public:
  virtual ~Meter() = default;
  virtual void record(Spent, Kept) = 0;  // any thread; does not wait
};

struct Clocks {
  std::function<int64_t()> unix_time;    // seconds since 1970
  std::function<int64_t()> nanoseconds;  // of a clock that only ascends
};

// One request's page: opened when it arrives (Host::account), closed once, when it is over. First
// its receipt is made, if its client wants one; then it is recorded what it has used, which is free
// if there is no receipt after all. Meter and notary outlive it; it outlives Kept.
class Account {
 public:
  Account() = default;  // nobody counts
  explicit Account(llm::Admission admission) : admission_(std::move(admission)) {}
  Account(llm::Admission admission, Meter* meter, Spent spent, Clocks clocks)
      : admission_(std::move(admission)),
        meter_(meter),
        spent_(std::move(spent)),
        unix_time_(std::move(clocks.unix_time)),
        nanoseconds_(std::move(clocks.nanoseconds)),
        began_(nanoseconds_()) {}

  const llm::Admission& admission() const { return admission_; }  // of all its generations
  const std::string& request() const { return spent_.request; }   // "" where nobody counts

  // Before it begins: what it may use at most. Answers without a limit get one where no more is
  // left.
  void bound_by(std::shared_ptr<Budget> budget) { budget_ = std::move(budget); }
  http::Checked<void> reserve(std::span<llm::GenerateRequest> requests, uint32_t n,
                              uint32_t context_max) {
    if (!budget_) return {};
    Demand demand = demand_of(requests, n, context_max);
    demand.tenant = spent_.caller.tenant;
    demand.model = spent_.model;
    auto grant = budget_->reserve(demand);
    if (!grant) return std::unexpected(std::move(grant).error());
    held_ = std::move(grant->held);
    for (llm::GenerateRequest& it : requests) {
      if (demand.open) it.tokens_max = grant->each;
    }
    return {};
  }

  // By the clock of `nanoseconds`; before close().
  void add_phases(const llm::RequestTimes& times) { spent_.phases.push_back(times); }
  void promise(Promise promise) { promise_ = std::move(promise); }
  Promise& promised() { return promise_; }

  void close(const Usage& usage, Outcome outcome, const Kept& kept) {
    if (!unix_time_) return kept({});
    spent_.usage = usage;
    spent_.outcome = outcome;
    spent_.ended = unix_time_();
    spent_.nanoseconds = nanoseconds_() - began_;
    spent_.began = began_;
    promise_.keep(spent_.ended, outcome,
                  [this, kept](const Result<void>& attested) { record(attested, kept); });
  }

 private:
  void record(const Result<void>& attested, const Kept& kept) {
    if (meter_ == nullptr) return kept(attested);
    if (!attested) spent_.outcome = Outcome::failed;
    spent_.certified = attested && promise_.wanted();
    meter_->record(spent_, [attested, kept](const Result<void>& recorded) {
      kept(attested ? recorded : attested);
    });
    held_ = nullptr;  // what it has really used is counted by now
  }

  llm::Admission admission_;
  Meter* meter_ = nullptr;
  Spent spent_;
  Promise promise_;
  std::shared_ptr<Budget> budget_;
  std::shared_ptr<const void> held_;
  std::function<int64_t()> unix_time_, nanoseconds_;
  int64_t began_ = 0;
};

// With the id of the request that it answers, where somebody counts.
inline http::Response named(http::Response response, const std::string& request) {
  if (!request.empty()) response.headers.push_back({"X-Request-Id", request});
  return response;
}

}  // namespace mill::inference
