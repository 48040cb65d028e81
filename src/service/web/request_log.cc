#include "service/web/request_log.h"

#include <algorithm>
#include <utility>

#include "service/web/numbers.h"

namespace mill::web {
namespace {

using inference::Outcome;
using inference::Spent;

constexpr size_t kAnswersTold = 16;

std::string_view name_of(Outcome outcome) {
  if (outcome == Outcome::whole) return "whole";
  return outcome == Outcome::cancelled ? "cancelled" : "failed";
}

Json answers_json(const Spent& spent, int64_t shift) {
  Json answers = Json::array();
  for (const llm::RequestTimes& it : spent.phases) {
    if (answers.size() == kAnswersTold) break;
    answers.push_back({{"queued_ms", milliseconds_or_null(it.arrived, shift)},
                       {"began_ms", milliseconds_or_null(it.scheduled, shift)},
                       {"first_token_ms", milliseconds_or_null(it.first_token, shift)},
                       {"last_token_ms", milliseconds_or_null(it.last_token, shift)}});
  }
  return answers;
}

}  // namespace

uint64_t RequestLog::add(const Spent& spent) {
  const traces::Moment moment = options_.moment();
  Entry entry{.spent = spent, .shift = moment.now - moment.steady};
  if (entry.spent.phases.size() > kAnswersTold) entry.spent.phases.resize(kAnswersTold);
  const bool billed = spent.outcome != Outcome::failed;
  if (options_.prices)
    entry.nanoeuros = billed ? options_.prices->get()->nanoeuros(spent.model, spent.usage) : 0;
  const std::lock_guard lock(mutex_);
  entry.number = ++last_;
  Earned& earned = earned_[spent.model];
  earned.nanoeuros += entry.nanoeuros.value_or(0);
  if (billed) earned.tokens += spent.usage.prompt + spent.usage.generated;
  entries_.push_back(std::move(entry));
  if (entries_.size() > options_.kept_max) entries_.pop_front();
  return last_;
}

void RequestLog::recorded(uint64_t number) {
  const int64_t now = options_.moment().now;
  const std::lock_guard lock(mutex_);
  const uint64_t first = last_ + 1 - entries_.size();  // numbers are without gaps
  if (number >= first) entries_[number - first].recorded = now;
}

Json RequestLog::page(const RequestQuery& query, const Viewer& viewer) const {
  Json data = Json::array();
  const std::lock_guard lock(mutex_);
  uint64_t last_told = 0;
  bool more = false;
  for (auto it = entries_.rbegin(); it != entries_.rend() && !more; ++it) {
    const Spent& spent = it->spent;
    if (it->number >= query.before || !viewer.sees(spent.caller.tenant)) continue;
    if (!query.tenant.empty() && spent.caller.tenant != query.tenant) continue;
    if (!query.outcome.empty() && name_of(spent.outcome) != query.outcome) continue;
    more = data.size() == query.limit;
    if (more) break;
    data.push_back(json_of(*it));
    last_told = it->number;
  }
  Json next;
  if (more) next = std::to_string(last_told);
  return {{"object", "list"}, {"data", std::move(data)}, {"next", std::move(next)}};
}

std::optional<Json> RequestLog::find(const std::string& request, const Viewer& viewer) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(entries_.rbegin(), entries_.rend(), [&](const Entry& it) {
    return it.spent.request == request && viewer.sees(it.spent.caller.tenant);
  });
  if (found == entries_.rend()) return std::nullopt;
  return json_of(*found);
}

std::map<std::string, Earned> RequestLog::earned() const {
  const std::lock_guard lock(mutex_);
  return earned_;
}

std::optional<int64_t> RequestLog::oldest_ended() const {
  const std::lock_guard lock(mutex_);
  if (entries_.empty()) return std::nullopt;
  return entries_.front().spent.ended;
}

std::set<std::string> RequestLog::ended_by(int64_t second) const {
  std::set<std::string> ids;
  const std::lock_guard lock(mutex_);
  for (const Entry& it : entries_)
    if (it.spent.ended <= second) ids.insert(it.spent.request);
  return ids;
}

Json RequestLog::json_of(const Entry& entry) const {
  const Spent& it = entry.spent;
  Json digest, euros, joules, recorded;
  if (!it.digest.empty()) digest = it.digest;
  if (entry.nanoeuros) euros = ledger::euros_text(*entry.nanoeuros);
  if (options_.energy) joules = rounded(it.usage.joules);
  if (entry.recorded != 0) recorded = milliseconds(entry.recorded);
  return {{"request", it.request},
          {"tenant", it.caller.tenant},
          {"key", it.caller.key},
          {"endpoint", it.endpoint},
          {"model", it.model},
          {"digest", std::move(digest)},
          {"outcome", name_of(it.outcome)},
          {"arrived_ms", milliseconds(it.began + entry.shift)},
          {"ended_ms", milliseconds(it.began + it.nanoseconds + entry.shift)},
          {"answers", answers_json(it, entry.shift)},
          {"recorded_ms", std::move(recorded)},
          {"prompt_tokens", it.usage.prompt},
          {"cached_tokens", it.usage.cached},
          {"thinking_tokens", it.usage.thinking},
          {"generated_tokens", it.usage.generated},
          {"joules", std::move(joules)},
          {"euros", std::move(euros)},
          {"receipt", it.certified},
          {"source", "memory"}};
}

void LoggingMeter::record(Spent spent, inference::Kept kept) {
  const uint64_t number = log_->add(spent);
  auto told = [log = log_, number, kept = std::move(kept)](const Result<void>& recorded) {
    if (recorded) log->recorded(number);
    kept(recorded);
  };
  if (inner_) return inner_->record(std::move(spent), std::move(told));
  told({});
}

}  // namespace mill::web
