#include "service/operations/metrics.h"

#include <unistd.h>

#include <array>
#include <fstream>

#include "llm/engine_core.h"

namespace mill::operations {
namespace {

using llm::EngineStats;
using llm::EngineTimes;
using llm::FinishReason;

struct Number {
  const char* name;
  const char* alias;  // vLLM's; null = it has none
  const char* type;
  const char* help;
  double (*value)(const EngineStats&);
};

double count(uint64_t value) { return static_cast<double>(value); }

constexpr std::array kNumbers = {
    Number{"tokenmill_requests_running", "vllm:num_requests_running", "gauge",
           "Requests in the engine's batch.",
           [](const EngineStats& s) { return count(s.running); }},
    Number{"tokenmill_requests_waiting", "vllm:num_requests_waiting", "gauge",
           "Requests that wait for a place in the batch.",
           [](const EngineStats& s) { return count(s.waiting); }},
    Number{"tokenmill_kv_cache_usage_ratio", "vllm:kv_cache_usage_perc", "gauge",
           "Blocks of keys and values that requests hold, of all; 1 = full.",
           [](const EngineStats& s) {
             return s.blocks_total == 0 ? 0 : count(s.blocks_used) / count(s.blocks_total);
           }},
    Number{"tokenmill_prefix_cache_queries_total", "vllm:prefix_cache_queries_total", "counter",
           "Tokens of prompts that were looked for in the prefix cache.",
           [](const EngineStats& s) { return count(s.prompt_tokens); }},
    Number{"tokenmill_prefix_cache_hits_total", "vllm:prefix_cache_hits_total", "counter",
           "Tokens of prompts that were found there.",
           [](const EngineStats& s) { return count(s.cached_tokens); }},
    Number{"tokenmill_prompt_tokens_total", "vllm:prompt_tokens_total", "counter",
           "Tokens of prompts whose first token has come, cached ones included.",
           [](const EngineStats& s) { return count(s.prompt_tokens); }},
    Number{"tokenmill_generation_tokens_total", "vllm:generation_tokens_total", "counter",
           "Tokens generated.", [](const EngineStats& s) { return count(s.generated_tokens); }},
    Number{"tokenmill_tenants_active", nullptr, "gauge", "Tenants with requests in the engine.",
           [](const EngineStats& s) { return count(s.tenants); }},
    Number{"tokenmill_tenant_fairness_ratio", nullptr, "gauge",
           "Jain's index of the tokens of those tenants that lately wanted more than they got.",
           [](const EngineStats& s) { return s.fairness; }},
    Number{"tokenmill_requests_late_total", nullptr, "counter",
           "Requests that were refused because they had waited for too long.",
           [](const EngineStats& s) { return count(s.requests_late); }},
    Number{"tokenmill_preemptions_total", "vllm:num_preemptions_total", "counter",
           "Times that a request had to start again: memory ran short, or another's turn had come.",
           [](const EngineStats& s) { return count(s.yields); }},
    Number{"tokenmill_guessed_tokens_total", "vllm:spec_decode_num_draft_tokens_total", "counter",
           "Tokens that were guessed ahead.",
           [](const EngineStats& s) { return count(s.guessed_tokens); }},
    Number{"tokenmill_accepted_tokens_total", "vllm:spec_decode_num_accepted_tokens_total",
           "counter", "Guessed tokens that came true.",
           [](const EngineStats& s) { return count(s.accepted_tokens); }},
    Number{"tokenmill_model_sleeping", nullptr, "gauge",
           "1 while the model sleeps: its weights are not in memory.",
           [](const EngineStats& s) { return count(s.sleep.sleeping); }},
    Number{"tokenmill_model_sleeps_total", nullptr, "counter", "Times that the model fell asleep.",
           [](const EngineStats& s) { return count(s.sleep.sleeps); }},
    Number{"tokenmill_model_wakes_total", nullptr, "counter", "Times that it woke.",
           [](const EngineStats& s) { return count(s.sleep.wakes); }},
    Number{"tokenmill_model_failed_wakes_total", nullptr, "counter",
           "Times that it could not be woken, and whoever waited for it was told so.",
           [](const EngineStats& s) { return count(s.sleep.failed_wakes); }},
    Number{"tokenmill_model_last_wake_seconds", nullptr, "gauge",
           "What the last waking took, until it could compute again.",
           [](const EngineStats& s) { return s.sleep.last_wake_seconds; }},
    Number{"tokenmill_engine_steps_total", nullptr, "counter", "Steps of the engine.",
           [](const EngineStats& s) { return count(s.steps); }},
};

template <class Kind>
struct Distribution {
  const char* name;
  const char* alias;
  const char* help;
  Kind EngineTimes::* times;
};

constexpr std::array kSeconds = {
    Distribution<llm::SecondsHistogram>{
        "tokenmill_time_to_first_token_seconds", "vllm:time_to_first_token_seconds",
        "From a request's arrival to its first token.", &EngineTimes::first_token},
    Distribution<llm::SecondsHistogram>{
        "tokenmill_inter_token_latency_seconds", "vllm:inter_token_latency_seconds",
        "Between a token and the next one of the same answer.", &EngineTimes::inter_token},
    Distribution<llm::SecondsHistogram>{
        "tokenmill_request_latency_seconds", "vllm:e2e_request_latency_seconds",
        "From a request's arrival to its end.", &EngineTimes::whole},
    Distribution<llm::SecondsHistogram>{
        "tokenmill_request_queue_seconds", "vllm:request_queue_time_seconds",
        "From a request's arrival to the first step that has a part of it.", &EngineTimes::queue},
    Distribution<llm::SecondsHistogram>{
        "tokenmill_request_prefill_seconds", "vllm:request_prefill_time_seconds",
        "From a request's first step to its first token.", &EngineTimes::prefill},
    Distribution<llm::SecondsHistogram>{
        "tokenmill_request_decode_seconds", "vllm:request_decode_time_seconds",
        "From a request's first token to its last.", &EngineTimes::decode},
};

constexpr std::array kTokens = {
    Distribution<llm::TokensHistogram>{"tokenmill_request_prompt_tokens",
                                       "vllm:request_prompt_tokens",
                                       "Tokens of a request's prompt.", &EngineTimes::prompt},
    Distribution<llm::TokensHistogram>{"tokenmill_request_generation_tokens",
                                       "vllm:request_generation_tokens",
                                       "Tokens generated for a request.", &EngineTimes::generated},
    Distribution<llm::TokensHistogram>{"tokenmill_step_tokens", "vllm:iteration_tokens_total",
                                       "Tokens computed in a step.", &EngineTimes::step},
};

struct Reason {
  FinishReason reason;
  const char* name;
  const char* alias;  // vLLM knows no errors apart
};
constexpr std::array kReasons = {
    Reason{FinishReason::stop, "stop", "stop"},
    Reason{FinishReason::length, "length", "length"},
    Reason{FinishReason::cancelled, "cancelled", "abort"},
    Reason{FinishReason::error, "error", "error"},
};

struct Served {
  std::string name;
  EngineStats stats;
};

Labels labels_of(const Served& it) { return {{"model_name", it.name}}; }

template <class Row, class Write>
void twice(const Row& row, Write write) {
  write(row.name);
  if (row.alias != nullptr) write(row.alias);
}

void write_finished(const std::vector<Served>& all, Exposition& out) {
  for (const bool vllm : {false, true}) {
    out.family(vllm ? "vllm:request_success_total" : "tokenmill_requests_total", "counter",
               "Requests that have ended, by how.");
    for (const Served& it : all) {
      for (const Reason& row : kReasons) {
        Labels labels = labels_of(it);
        labels.push_back({"finished_reason", vllm ? row.alias : row.name});
        out.sample(labels, count(it.stats.finished[static_cast<size_t>(row.reason)]));
      }
    }
  }
}

// vLLM's form of tokenmill_model_sleeping. A sleep that ends by itself is its first level.
void write_sleep_state(const std::vector<Served>& all, Exposition& out) {
  out.family("vllm:engine_sleep_state", "gauge",
             "1 for the state that the model is in: awake, or asleep.");
  for (const Served& it : all) {
    const bool sleeps = it.stats.sleep.sleeping;
    for (const auto& [state, holds] :
         {std::pair{"awake", !sleeps}, std::pair{"weights_offloaded", sleeps},
          std::pair{"discard_all", false}}) {
      Labels labels = labels_of(it);
      labels.push_back({"sleep_state", state});
      out.sample(labels, count(holds));
    }
  }
}

template <class Rows>
void write_distributions(const Rows& rows, const std::vector<Served>& all, Exposition& out) {
  for (const auto& row : rows) {
    twice(row, [&](const char* name) {
      out.family(name, "histogram", row.help);
      for (const Served& it : all) {
        const auto& found = it.stats.times.*row.times;
        out.histogram(labels_of(it), found.limits(), found.counts, found.sum);
      }
    });
  }
}

}  // namespace

void write_engine_metrics(const inference::Host& host, Exposition& out) {
  std::vector<Served> all;
  for (const auto& model : host.models.all()) all.push_back({model->info().id, model->stats()});
  for (const Number& row : kNumbers) {
    twice(row, [&](const char* name) {
      out.family(name, row.type, row.help);
      for (const Served& it : all) out.sample(labels_of(it), row.value(it.stats));
    });
  }
  write_finished(all, out);
  write_sleep_state(all, out);
  write_distributions(kSeconds, all, out);
  write_distributions(kTokens, all, out);
  out.family("tokenmill_build_info", "gauge", "1; its labels tell what runs.");
  out.sample({{"version", TOKENMILL_VERSION}}, 1);
}

MoreMetrics energy_metrics(std::shared_ptr<const inference::Host> host, std::string source) {
  return [host = std::move(host), source = std::move(source)](Exposition& out) {
    out.family("tokenmill_energy_joules_total", "counter",
               "Energy that was drawn, by what it was for and where it was read.");
    for (const auto& model : host->models.all()) {
      const llm::EngineEnergy energy = model->stats().energy;
      for (const auto& [part, joules] :
           {std::pair{"requests", energy.steps}, std::pair{"idle", energy.idle}}) {
        Labels labels{{"model_name", model->info().id}, {"part", part}, {"source", source}};
        out.sample(labels, joules);
      }
    }
  };
}

void write_server_metrics(const http::ServerCounts& counts, Exposition& out) {
  out.family("tokenmill_http_connections", "gauge", "Connections that are open.");
  out.sample({}, count(counts.open));
  out.family("tokenmill_http_failed_connections_total", "counter",
             "Connections that an exception of ours has ended.");
  out.sample({}, count(counts.failed));
  out.family("tokenmill_tls_handshake_failures_total", "counter",
             "Connections without a whole TLS handshake: refused, not TLS, or too slow.");
  out.sample({}, count(counts.handshakes_failed));
  if (counts.certificate_expires == 0) return;
  out.family("tokenmill_tls_certificate_expiry_timestamp_seconds", "gauge",
             "When the server's certificate expires, in seconds since 1970.");
  out.sample({}, static_cast<double>(counts.certificate_expires));
}

void write_process_metrics(Exposition& out) {
  out.family("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.");
  out.sample({}, count(resident_bytes()));
}

uint64_t resident_bytes() {
  uint64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace mill::operations
