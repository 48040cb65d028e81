#include "service/web/observer.h"

#include <thread>
#include <utility>

#include "service/operations/metrics.h"
#include "service/web/numbers.h"

namespace mill::web {
namespace {

using service::ModelInfo;

Json text_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return text;
}

Json memory_json(const ModelInfo& info, const llm::EngineView* view) {
  if (view == nullptr || view->memory.kv == 0) return nullptr;
  return {{"weights_bytes", view->memory.weights},
          {"kv_bytes", view->memory.kv},
          {"kv_type", text_or_null(info.origin.kv_type)}};
}

const char* state_of(const llm::SleepStats& it) {
  if (it.waking) return "waking";
  if (it.sleeping) return "sleeping";
  return it.closing ? "closing" : "ready";
}

Json sleep_json(const llm::SleepStats& it) {
  Json last;
  if (it.wakes > 0) last = rounded(it.last_wake_seconds);
  return {{"sleeps", it.sleeps},
          {"wakes", it.wakes},
          {"failed_wakes", it.failed_wakes},
          {"last_wake_seconds", std::move(last)}};
}

Json package_json(const ModelInfo& info) {
  if (info.origin.package.empty()) return nullptr;
  return {{"name", info.origin.package}, {"profile", text_or_null(info.origin.profile)}};
}

}  // namespace

void Observer::look(std::chrono::milliseconds at_most) {
  time_ = sources_.moment();
  const auto earned = sources_.log->earned();
  auto before = std::exchange(seen_, {});  // a model that has gone is forgotten
  for (const auto& model : sources_.host->models.all()) {
    const std::string& id = model->info().id;
    Seen& seen = seen_[id] = std::move(before[id]);
    if (const Sample last = seen.now; last.time != 0) seen.history.add(last);
    auto view = model->look(at_most);
    const bool again = view && seen.view && view->stats.steps < seen.view->stats.steps;
    if (again) seen.history = {};  // another engine, which has begun to count
    if (view) seen.view = std::move(view);
    if (!seen.view) continue;
    const auto found = earned.find(id);
    seen.now = {.time = seen.view->time,
                .busy = seen.view->busy,
                .stats = seen.view->stats,
                .earned = found == earned.end() ? Earned{} : found->second};
  }
}

Json Observer::state(const Viewer& viewer, uint64_t id, size_t streams) const {
  Json models = Json::array();
  for (const auto& model : sources_.host->models.all()) {
    models.push_back(model_json(*model, viewer));
    models.back()["default"] = models.size() == 1;
  }
  return {{"object", "console.state"},
          {"id", id},
          {"time_ms", milliseconds(time_.now)},
          {"view", viewer.all ? "all" : "tenant"},
          {"tenant", viewer.tenant},
          {"admin", viewer.admin},
          {"server", server_json(viewer, streams)},
          {"models", std::move(models)},
          {"tenants", tenants_json(viewer)}};
}

Json Observer::server_json(const Viewer& viewer, size_t streams) const {
  const Facts& facts = sources_.facts;
  Json json = {{"version", TOKENMILL_VERSION},
               {"started_ms", milliseconds(started_)},
               {"processors", std::thread::hardware_concurrency()},
               {"keys", facts.keys},
               {"ledger", facts.ledger},
               {"prices", facts.prices},
               {"limits", facts.limits},
               {"receipts", facts.receipts},
               {"models_folder", facts.models_folder},
               {"energy_source", facts.energy_source}};
  if (viewer.all || viewer.admin)
    json["loading"] = sources_.loading ? sources_.loading() : std::vector<std::string>();
  if (!viewer.all) return json;
  json["resident_bytes"] = operations::resident_bytes();
  json["streams"] = streams;
  if (sources_.counts) json["connections"] = sources_.counts->open.load();
  return json;
}

Json Observer::model_json(const service::ServedModel& model, const Viewer& viewer) const {
  const ModelInfo& info = model.info();
  const auto found = seen_.find(info.id);
  const Seen* seen = found == seen_.end() || !found->second.view ? nullptr : &found->second;
  Json engine, sleep, sequences = Json::array();
  if (seen != nullptr) {
    const EnginePicture picture{.view = seen->view,
                                .now = seen->now,
                                .before = seen->history.before(seen->now.time),
                                .oldest = seen->history.oldest(seen->now.time),
                                .shift = time_.now - time_.steady,
                                .energy = !sources_.facts.energy_source.empty(),
                                .priced = sources_.log->priced()};
    sequences = sequences_json(picture, viewer);
    sleep = sleep_json(seen->view->stats.sleep);
    if (viewer.all) engine = engine_json(picture);
  }
  return {{"id", info.id},
          {"default", false},
          {"state", seen == nullptr ? "ready" : state_of(seen->view->stats.sleep)},
          {"created_ms", static_cast<double>(info.created) * 1e3},
          {"context_max", info.context_max},
          {"vocab_size", info.vocab_size},
          {"digest", text_or_null(info.digest)},
          {"memory", memory_json(info, seen == nullptr ? nullptr : seen->view.get())},
          {"package", package_json(info)},
          {"sleep", std::move(sleep)},
          {"engine", std::move(engine)},
          {"sequences", std::move(sequences)}};
}

Json Observer::tenants_json(const Viewer& viewer) const {
  std::map<std::string, llm::TenantView> sums;
  for (const auto& [id, seen] : seen_) {
    if (!seen.view) continue;
    for (const llm::TenantView& it : seen.view->tenants) {
      llm::TenantView& sum = sums[it.tenant];
      sum.running += it.running;
      sum.waiting += it.waiting;
      sum.blocks += it.blocks;
    }
  }
  Json all = Json::array();
  for (const auto& [tenant, it] : sums)
    if (viewer.sees(tenant))
      all.push_back({{"tenant", tenant},
                     {"running", it.running},
                     {"waiting", it.waiting},
                     {"blocks", it.blocks}});
  return all;
}

}  // namespace mill::web
