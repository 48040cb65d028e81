#include "service/web/engine_figures.h"

#include <array>
#include <optional>

#include "service/web/numbers.h"
#include "service/web/quantile.h"

namespace mill::web {
namespace {

using llm::EngineStats;
using llm::EngineTimes;
using llm::SecondsHistogram;

Json counters_of(const EngineStats& s) {
  const auto finished = [&](llm::FinishReason it) { return s.finished[static_cast<size_t>(it)]; };
  return {{"running", s.running},
          {"waiting", s.waiting},
          {"tenants", s.tenants},
          {"steps", s.steps},
          {"prompt_tokens", s.prompt_tokens},
          {"cached_tokens", s.cached_tokens},
          {"generated_tokens", s.generated_tokens},
          {"computed_tokens", static_cast<uint64_t>(s.times.step.sum)},
          {"guessed_tokens", s.guessed_tokens},
          {"accepted_tokens", s.accepted_tokens},
          {"requests_done", s.requests_done},
          {"requests_cancelled", s.requests_cancelled},
          {"requests_late", s.requests_late},
          {"yields", s.yields},
          {"finished",
           {{"stop", finished(llm::FinishReason::stop)},
            {"length", finished(llm::FinishReason::length)},
            {"cancelled", finished(llm::FinishReason::cancelled)},
            {"error", finished(llm::FinishReason::error)}}},
          {"fairness", rounded(s.fairness)}};
}

double joules_of(const EngineStats& s) { return s.energy.steps + s.energy.idle; }

Json rates_of(const EnginePicture& it) {
  if (it.before == nullptr) return nullptr;
  const EngineStats &now = it.now.stats, &then = it.before->stats;
  const double seconds = static_cast<double>(it.now.time - it.before->time) / 1e9;
  const auto rate = [seconds](double from, double to) { return rounded((to - from) / seconds); };
  const auto pace = [&](uint64_t from, uint64_t to) {
    return rate(static_cast<double>(from), static_cast<double>(to));
  };
  Json watts;
  if (it.energy) watts = rate(joules_of(then), joules_of(now));
  return {{"seconds", rounded(seconds)},
          {"prompt_tokens_per_second", pace(then.prompt_tokens, now.prompt_tokens)},
          {"generated_tokens_per_second", pace(then.generated_tokens, now.generated_tokens)},
          {"computed_tokens_per_second", rate(then.times.step.sum, now.times.step.sum)},
          {"steps_per_second", pace(then.steps, now.steps)},
          {"watts", std::move(watts)},
          {"busy", rounded(static_cast<double>(it.now.busy - it.before->busy) / 1e9 / seconds)}};
}

// What `now` has counted since `then`; since ever, where that is null.
Json quantiles_json(const SecondsHistogram& now, const SecondsHistogram* then) {
  auto counts = now.counts;
  if (then != nullptr)
    for (size_t i = 0; i < counts.size(); ++i) counts[i] -= then->counts[i];
  uint64_t count = 0;
  for (const uint64_t each : counts) count += each;
  const auto part = [&](double q) {
    return rounded_or_null(quantile(SecondsHistogram::limits(), counts, q));
  };
  return {{"count", count}, {"p50", part(0.5)}, {"p90", part(0.9)}, {"p99", part(0.99)}};
}

struct Latency {
  const char* name;
  SecondsHistogram EngineTimes::* times;
};
constexpr std::array kLatencies = {
    Latency{"queue", &EngineTimes::queue},
    Latency{"first_token", &EngineTimes::first_token},
    Latency{"inter_token", &EngineTimes::inter_token},
    Latency{"prefill", &EngineTimes::prefill},
    Latency{"decode", &EngineTimes::decode},
    Latency{"request", &EngineTimes::whole},
};

Json latency_of(const EnginePicture& it) {
  Json all = Json::object();
  for (const Latency& row : kLatencies) {
    const SecondsHistogram& now = it.now.stats.times.*row.times;
    Json recent;
    if (it.oldest != nullptr) recent = quantiles_json(now, &(it.oldest->stats.times.*row.times));
    all[row.name] = {{"recent", std::move(recent)}, {"whole", quantiles_json(now, nullptr)}};
  }
  return all;
}

std::optional<double> per_million(double sum, uint64_t tokens) {
  if (tokens == 0) return std::nullopt;
  return sum / static_cast<double>(tokens) * 1e6;
}

uint64_t tokens_of(const EngineStats& s) { return s.prompt_tokens + s.generated_tokens; }

Json energy_of(const EnginePicture& it) {
  if (!it.energy) return nullptr;
  const EngineStats& now = it.now.stats;
  Json recent;
  if (it.oldest != nullptr) {
    const EngineStats& then = it.oldest->stats;
    recent = rounded_or_null(
        per_million(joules_of(now) - joules_of(then), tokens_of(now) - tokens_of(then)));
  }
  Json whole = rounded_or_null(per_million(joules_of(now), tokens_of(now)));
  return {
      {"joules_requests", rounded(now.energy.steps)},
      {"joules_idle", rounded(now.energy.idle)},
      {"joules_per_million_tokens", {{"recent", std::move(recent)}, {"whole", std::move(whole)}}}};
}

std::optional<double> euros_per_million(const Earned& now, const Earned& then) {
  return per_million(static_cast<double>(now.nanoeuros - then.nanoeuros) / 1e9,
                     now.tokens - then.tokens);
}

Json money_of(const EnginePicture& it) {
  if (!it.priced) return nullptr;
  const Earned& now = it.now.earned;
  Json recent;
  if (it.oldest != nullptr) recent = rounded_or_null(euros_per_million(now, it.oldest->earned));
  Json whole = rounded_or_null(euros_per_million(now, {}));
  return {
      {"euros", ledger::euros_text(now.nanoeuros)},
      {"euros_per_million_tokens", {{"recent", std::move(recent)}, {"whole", std::move(whole)}}}};
}

}  // namespace

Json engine_figures(const EnginePicture& it) {
  return {{"counters", counters_of(it.now.stats)},
          {"rates", rates_of(it)},
          {"latency", latency_of(it)},
          {"energy", energy_of(it)},
          {"money", money_of(it)}};
}

}  // namespace mill::web
