#include "service/jobs/batch_run.h"

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_set>
#include <utility>

#include "service/jobs/batch_input.h"
#include "service/jobs/line_log.h"
#include "service/jobs/slot.h"

namespace mill::jobs {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr milliseconds kLook{100};        // how often a batch looks whether it is cancelled
constexpr milliseconds kPauseMax{5'000};  // after the engine had no room
constexpr int kPriority = 50;             // behind what its tenant waits for
constexpr int64_t kQueueMs = 86'400'000;  // nobody waits for it, whatever others are given
constexpr uint32_t kTriesMax = 100;       // some eight minutes without room

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

// A batch has no stream to write to, and nobody to ask for a response in the background.
std::optional<http::Problem> misfit(const Json& body) {
  for (const char* field : {"stream", "background"}) {
    if (body.value(field, Json()) == true)
      return http::Problem{400, fmt::format("'{}' has no place in a batch", field), field};
  }
  return std::nullopt;
}

class BatchRun {
 public:
  BatchRun(const BatchWorld& world, std::string id, const std::atomic<bool>& stop)
      : world_(world), id_(std::move(id)), stop_(stop) {}

  Result<void> run() {
    TRY(open());
    while (!halted() && !(waiting_.empty() && in_flight_.empty())) {
      launch();
      TRY(take_in(inbox_->take(kLook)));
    }
    for (const auto& [line, weak] : in_flight_) {
      if (const auto slot = weak.lock()) slot->leave();
    }
    while (!in_flight_.empty()) TRY(take_in(inbox_->take(kLook)));
    if (stop_) return {};
    TRY(refuse_the_rest());
    return finish();
  }

 private:
  fs::path beside(const char* ending) const { return world_.folder / (id_ + ending); }
  Json shown() const { return (*world_.batches->find(id_))["shown"]; }

  Result<void> open() {
    const Json record = *world_.batches->find(id_);
    endpoint_ = record["shown"]["endpoint"];
    expires_ = record["shown"]["expires_at"];
    const Json caller = record.value("caller", Json::object());
    caller_ = {caller.value("tenant", ""), caller.value("key", "")};
    TRY_ASSIGN(input_file_, MappedFile::open(beside(".input")));
    std::unordered_set<std::string> done;
    const auto tell = [&](const Json& line, bool good) {
      done.insert(line.value("custom_id", ""));
      count(line, good);
    };
    TRY_ASSIGN(LineLog output,
               LineLog::open(beside(".output"), [&](const Json& line) { tell(line, true); }));
    TRY_ASSIGN(LineLog errors,
               LineLog::open(beside(".errors"), [&](const Json& line) { tell(line, false); }));
    output_.emplace(std::move(output));
    errors_.emplace(std::move(errors));
    lines_ = check_batch_input(text_of(*input_file_), endpoint_).lines;
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (!done.contains(lines_[i].custom_id)) waiting_.push_back(i);
    }
    return show_counts();
  }

  // The same after a restart, so that a line is charged once.
  std::string request_id(size_t line) const { return fmt::format("req_{}_{}", id_, line); }

  bool halted() const {
    return stop_ || shown()["status"] == "cancelling" || world_.host->unix_time() >= expires_;
  }

  void launch() {
    while (!waiting_.empty() && in_flight_.size() < world_.at_once_max &&
           steady_clock::now() >= resume_at_) {
      const size_t line = waiting_.front();
      waiting_.pop_front();
      const auto slot = std::make_shared<Slot>(inbox_, line);
      in_flight_[line] = slot;
      ask(line, slot);
    }
  }

  void ask(size_t line, const std::shared_ptr<Slot>& slot) const {
    const Json body = (*http::parse_json_object(lines_[line].text))["body"];
    if (const auto problem = misfit(body)) return slot->respond(http::problem_response(*problem));
    http::Caller caller = caller_;
    caller.request = request_id(line);
    caller.priority = kPriority;
    caller.queue_ms_max = kQueueMs;
    try {
      world_.handler({.method = "POST",
                      .path = endpoint_,
                      .query = "",
                      .headers = {{"Content-Type", "application/json"}},
                      .body = http::json_text(body),
                      .caller = std::move(caller)},
                     slot);
    } catch (const std::exception& error) {  // a library's, out of memory for one
      slot->respond(
          http::problem_response({500, fmt::format("The request failed: {}", error.what())}));
    }
  }

  // No room in the engine, or for now in the tenant's quota, is no answer: the request waits, and
  // all others with it.
  Result<void> take_in(std::optional<Delivery> delivery) {
    if (!delivery) return {};
    in_flight_.erase(delivery->line);
    const int status = delivery->response.status;
    const bool turned_away = status == 503 || status == 429;
    if (turned_away && (halted() || ++tries_[delivery->line] < kTriesMax)) {
      const uint32_t doublings = std::min<uint32_t>(tries_[delivery->line], 7);
      resume_at_ = steady_clock::now() + std::min(kPauseMax, milliseconds(50) * (1 << doublings));
      waiting_.push_front(delivery->line);
      return {};
    }
    const Json body = Json::parse(delivery->response.body, nullptr, false);
    return write(delivery->line, delivery->response.status == 200,
                 {{"response",
                   {{"status_code", delivery->response.status},
                    {"request_id", request_id(delivery->line)},
                    {"body", body.is_discarded() ? Json() : body}}},
                  {"error", nullptr}});
  }

  Result<void> write(size_t line, bool good, const Json& outcome) {
    Json entry = {{"id", world_.host->fresh_id("batch_req_")},
                  {"custom_id", lines_[line].custom_id}};
    entry.update(outcome);
    TRY((good ? output_ : errors_)->append(entry));
    count(entry, good);
    return show_counts();
  }

  // OpenAI's usage of chat and text has other names than that of responses.
  void count(const Json& entry, bool good) {
    ++(good ? completed_ : failed_);
    if (!good) return;
    const Json usage = entry["response"]["body"].value("usage", Json::object());
    const auto sum = [&](uint64_t& into, const char* name, const char* other) {
      const Json value = usage.contains(name) ? usage[name] : usage.value(other, Json());
      if (value.is_number_unsigned()) into += value.get<uint64_t>();
    };
    const auto part = [&](uint64_t& into, const char* name, const char* other, const char* field) {
      const Json details = usage.contains(name) ? usage[name] : usage.value(other, Json::object());
      if (details.is_object()) into += details.value(field, uint64_t{0});
    };
    sum(read_, "prompt_tokens", "input_tokens");
    sum(written_, "completion_tokens", "output_tokens");
    part(cached_, "prompt_tokens_details", "input_tokens_details", "cached_tokens");
    part(thoughts_, "completion_tokens_details", "output_tokens_details", "reasoning_tokens");
  }

  // In memory only: after a restart the logs tell them again.
  Result<void> show_counts() {
    const auto changed = world_.batches->change(id_, Keep::in_memory, [&](Json& record) {
      Json& batch = record["shown"];
      batch["request_counts"] = {
          {"total", lines_.size()}, {"completed", completed_}, {"failed", failed_}};
      batch["usage"] = {{"input_tokens", read_},
                        {"input_tokens_details", {{"cached_tokens", cached_}}},
                        {"output_tokens", written_},
                        {"output_tokens_details", {{"reasoning_tokens", thoughts_}}},
                        {"total_tokens", read_ + written_}};
    });
    if (!changed) return std::unexpected(changed.error());
    return {};
  }

  Result<void> refuse_the_rest() {
    const bool cancelled = shown()["status"] == "cancelling";
    const Json error = {
        {"code", cancelled ? "batch_cancelled" : "batch_expired"},
        {"message", cancelled ? "The batch was cancelled before this request was answered."
                              : "The batch's time was over before this request was answered."}};
    over_ = cancelled ? "cancelled" : waiting_.empty() ? "completed" : "expired";
    for (const size_t line : waiting_)
      TRY(write(line, false, {{"response", nullptr}, {"error", error}}));
    return {};
  }

  Result<void> publish(LineLog& log, const Json& record, const char* what) {
    if (log.empty()) return {};
    TRY(log.sync());
    FileInfo info{.id = record[fmt::format("{}_file_id", what)],
                  .name = fmt::format("{}_{}.jsonl", id_, what),
                  .purpose = "batch_output",
                  .created = world_.host->unix_time(),
                  .tenant = caller_.tenant};
    const int64_t lifetime = record.value("lifetime", int64_t{0});
    if (lifetime > 0) info.expires = info.created + lifetime;
    TRY(world_.files->add_link(info, log.path()));
    return {};
  }

  // Killed in the middle of it, it is done again, and says the same.
  Result<void> finish() {
    const Json record = *world_.batches->find(id_);
    TRY(publish(*output_, record, "output"));
    TRY(publish(*errors_, record, "error"));
    TRY(world_.batches->change(id_, Keep::on_disk, [&](Json& changed) {
      Json& batch = changed["shown"];
      batch["status"] = over_;
      batch["finalizing_at"] = batch[over_ + "_at"] = world_.host->unix_time();
      if (!output_->empty()) batch["output_file_id"] = record["output_file_id"];
      if (!errors_->empty()) batch["error_file_id"] = record["error_file_id"];
    }));
    std::error_code ignored;
    for (const char* ending : {".input", ".output", ".errors"}) fs::remove(beside(ending), ignored);
    return {};
  }

  const BatchWorld& world_;
  std::string id_, endpoint_, over_;
  const std::atomic<bool>& stop_;
  http::Caller caller_;  // who has left it here
  int64_t expires_ = 0;
  std::shared_ptr<const MappedFile> input_file_;
  std::vector<BatchLine> lines_;
  std::optional<LineLog> output_, errors_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::deque<size_t> waiting_;
  std::map<size_t, std::weak_ptr<Slot>> in_flight_;  // the handler owns them, see ~Slot
  std::map<size_t, uint32_t> tries_;
  steady_clock::time_point resume_at_{};
  uint64_t completed_ = 0, failed_ = 0, read_ = 0, cached_ = 0, written_ = 0, thoughts_ = 0;
};

}  // namespace

bool is_active(const Json& shown) {
  return shown["status"] == "in_progress" || shown["status"] == "cancelling";
}

Result<void> run_batch(const BatchWorld& world, const std::string& id,
                       const std::atomic<bool>& stop) {
  return BatchRun(world, id, stop).run();
}

}  // namespace mill::jobs
