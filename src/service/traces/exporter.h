#pragma once
// Sends spans to a collector, OTLP over HTTP, from a thread of its own: a request never waits for
// it. What the collector does not take in time is dropped and counted, so that a dead collector
// costs nothing but its spans.

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "service/traces/span.h"

namespace mill::traces {

struct ExporterOptions {
  std::string url;  // "http://127.0.0.1:4318/v1/traces"
  std::string service = "tokenmill";
  size_t waiting_max = 16'384;  // spans; more are dropped
  int timeout_ms = 5'000;       // of one export
  int pause_ms = 500;           // between exports, so that spans come together
  Result<void> validate() const;
};

struct ExporterStats {
  uint64_t sent = 0, dropped = 0;  // spans
};

class Exporter {
 public:
  explicit Exporter(ExporterOptions);  // have been validated
  ~Exporter();                         // sends what is left, for at most one timeout

  void add(std::vector<Span>);  // any thread
  ExporterStats stats() const;

 private:
  void run();
  void send(std::vector<Span>);

  const ExporterOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::vector<Span> waiting_;
  ExporterStats stats_;
  std::string told_;  // the trouble with the last export
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

// A meter that has every request traced, too. What it counts on may be null.
class TracingMeter : public inference::Meter {
 public:
  TracingMeter(std::shared_ptr<inference::Meter> inner, std::shared_ptr<Exporter> exporter,
               std::function<Moment()> moment, std::function<uint64_t()> entropy)
      : inner_(std::move(inner)),
        exporter_(std::move(exporter)),
        moment_(std::move(moment)),
        entropy_(std::move(entropy)) {}

  void record(inference::Spent spent, inference::Kept kept) override {
    exporter_->add(spans_of(spent, moment_(), entropy_));
    if (inner_) return inner_->record(std::move(spent), std::move(kept));
    kept({});
  }

 private:
  std::shared_ptr<inference::Meter> inner_;
  std::shared_ptr<Exporter> exporter_;
  std::function<Moment()> moment_;
  std::function<uint64_t()> entropy_;
};

}  // namespace mill::traces
