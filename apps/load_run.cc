#include "apps/load_run.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <memory>

#include "apps/load_idle.h"

namespace mill::apps {
namespace asio = boost::asio;
namespace {

using Code = boost::system::error_code;

constexpr size_t kOpenMax = 8192;  // requests of an open loop that wait for their answers
constexpr double kWarmShare = 0.2;

double own_cpu_s() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

class LoadRun {
 public:
  LoadRun(const LoadTarget& target, const LoadCase& load)
      : target_(target), load_(load), clock_(load.plan.seed, load.rate) {}
  Result<LoadFigures> run();

 private:
  struct Due {
    double at_s = 0;
    LoadRequest request;
  };

  void begin();
  void tick();
  void watch_memory();
  bool may_start() const;
  std::optional<Due> next_due();
  void await_arrival();
  void arrive(const Due&);
  void keep_asking(LoadClient&);
  void ask(LoadClient&, const LoadRequest&, LoadTime due, std::function<void(LoadClient&)> then);
  void end_if_done();
  double share_done() const;
  double elapsed_s() const {
    return std::chrono::duration<double>(LoadClock::now() - start_).count();
  }

  asio::io_context context_{1};  // outlives all that waits in it
  const LoadTarget& target_;
  const LoadCase& load_;
  PoissonClock clock_;
  LoadFigures figures_;
  IdleConnections idle_{context_};
  asio::steady_timer tick_{context_}, arrival_{context_};
  asio::signal_set signals_{context_, SIGINT, SIGTERM};
  std::vector<std::unique_ptr<LoadClient>> clients_;
  std::vector<LoadClient*> free_;  // of an open loop
  LoadTime start_;
  uint64_t next_ = 0, open_ = 0;
  bool exhausted_ = false, cancelled_ = false;
};

Result<LoadFigures> LoadRun::run() {
  TRY(idle_.open(target_.address.endpoint, load_.idle_connections));
  signals_.async_wait([this](Code error, int) {
    if (error) return;
    cancelled_ = true;
    context_.stop();
  });
  const double cpu_s = own_cpu_s();
  start_ = LoadClock::now();
  figures_.memory.start = resident_bytes(target_.pid);
  begin();
  tick();
  context_.run();
  if (cancelled_) return fail(ErrorKind::cancelled, "stopped in the middle of {}", load_.name);
  figures_.seconds = elapsed_s();
  figures_.cpu_s = own_cpu_s() - cpu_s;
  figures_.idle_reopened = idle_.reopened();
  watch_memory();
  figures_.memory.end = resident_bytes(target_.pid);
  figures_.memory.peak = peak_resident_bytes(target_.pid);
  return std::move(figures_);
}

void LoadRun::begin() {
  if (load_.clients == 0) return await_arrival();
  for (uint32_t i = 0; i < load_.clients; ++i) {
    auto& client =
        *clients_.emplace_back(std::make_unique<LoadClient>(context_, target_.address, figures_));
    keep_asking(client);
  }
}

void LoadRun::tick() {
  for (auto& client : clients_) client->check_patience(LoadClock::now(), load_.patience);
  idle_.reopen_closed();
  watch_memory();
  tick_.expires_after(std::chrono::seconds(1));
  tick_.async_wait([this](Code error) {
    if (!error) tick();
  });
}

void LoadRun::watch_memory() {
  MemoryUse& memory = figures_.memory;
  if (memory.warm == 0 && share_done() >= kWarmShare) memory.warm = resident_bytes(target_.pid);
}

double LoadRun::share_done() const {
  const auto all = static_cast<double>(
      load_.trace.empty() ? load_.requests_max
                          : std::min<uint64_t>(load_.requests_max, load_.trace.size()));
  const auto done = static_cast<double>(figures_.finished + figures_.vanished + figures_.failed);
  return std::max(done / all, elapsed_s() / load_.seconds_max);
}

bool LoadRun::may_start() const {
  return next_ < load_.requests_max && elapsed_s() < load_.seconds_max;
}

void LoadRun::ask(LoadClient& client, const LoadRequest& request, LoadTime due,
                  std::function<void(LoadClient&)> then) {
  nlohmann::ordered_json body = target_.settings;
  body["prompt"] = prompt_of(load_.plan, request);
  body["max_tokens"] = request.answer_tokens;
  ++open_;
  client.ask({.body = body.dump(), .vanish_after = request.vanish_after, .due = due},
             [this, &client, then = std::move(then)] {
               --open_;
               then(client);
               end_if_done();
             });
}

void LoadRun::end_if_done() {
  if (open_ == 0 && (exhausted_ || (load_.clients > 0 && !may_start()))) context_.stop();
}

// --- closed loop ---

void LoadRun::keep_asking(LoadClient& client) {
  if (!may_start()) return;
  ask(client, request_of(load_.plan, next_++), LoadClock::now(),
      [this](LoadClient& one) { keep_asking(one); });
}

// --- open loop ---

std::optional<LoadRun::Due> LoadRun::next_due() {
  if (next_ >= load_.requests_max) return std::nullopt;
  Due due{.request = request_of(load_.plan, next_)};
  if (load_.rate > 0) {
    due.at_s = clock_.next_s();
  } else {
    if (next_ >= load_.trace.size()) return std::nullopt;
    const TraceRow& row = load_.trace[next_];
    due.at_s = row.at_ms * 1e-3;
    due.request.prompt_words = row.prompt_tokens;
    due.request.answer_tokens = row.answer_tokens;
    if (due.request.vanish_after)
      due.request.vanish_after = std::min(*due.request.vanish_after, row.answer_tokens - 1);
  }
  ++next_;
  return due.at_s < load_.seconds_max ? std::optional(due) : std::nullopt;
}

void LoadRun::await_arrival() {
  const std::optional<Due> due = next_due();
  if (!due) {
    exhausted_ = true;
    return end_if_done();
  }
  arrival_.expires_at(start_ + std::chrono::duration_cast<LoadClock::duration>(
                                   std::chrono::duration<double>(due->at_s)));
  arrival_.async_wait([this, due = *due](Code error) {
    if (error) return;
    arrive(due);
    await_arrival();
  });
}

// Timed from when it was due, even if we come late: a server that makes its clients wait must not
// make the times look better by being asked less ("coordinated omission").
void LoadRun::arrive(const Due& due) {
  if (open_ >= kOpenMax) {
    ++figures_.started;
    ++figures_.failed;
    return figures_.complain(fmt::format(
        "not asked: {} requests wait already; the server cannot keep up with the rate", kOpenMax));
  }
  if (free_.empty()) {
    clients_.push_back(std::make_unique<LoadClient>(context_, target_.address, figures_));
    free_.push_back(clients_.back().get());
  }
  LoadClient& client = *free_.back();
  free_.pop_back();
  ask(client, due.request, arrival_.expiry(), [this](LoadClient& one) { free_.push_back(&one); });
}

}  // namespace

Result<LoadFigures> run_load(const LoadTarget& target, const LoadCase& load) {
  return LoadRun(target, load).run();
}

}  // namespace mill::apps
