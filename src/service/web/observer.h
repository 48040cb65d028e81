#pragma once
// Looks at the server and its engines, and tells what it has seen: the object that
// /v1/console/state answers and its events carry (docs/formats/console.md).

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "service/http/server.h"
#include "service/inference/host.h"
#include "service/web/engine_json.h"

namespace mill::web {

// What does not change while the server runs.
struct Facts {
  bool keys = false, ledger = false, prices = false, limits = false, receipts = false;
  bool models_folder = false;      // models can be loaded
  std::string energy_source = {};  // "" = the joules are not known
};

struct Sources {
  std::shared_ptr<const inference::Host> host;
  std::shared_ptr<const RequestLog> log;
  std::shared_ptr<const http::ServerCounts> counts = {};  // null = not known
  std::function<traces::Moment()> moment;
  std::function<std::vector<std::string>()> loading = {};  // models on their way; null = none
  Facts facts = {};
};

// Of one thread at a time.
class Observer {
 public:
  explicit Observer(Sources sources)
      : sources_(std::move(sources)), started_(sources_.moment().now) {}

  // Asks the engines, each for at most this long; one that is within a step stays as it was seen.
  void look(std::chrono::milliseconds at_most);
  int64_t looked() const { return time_.steady; }  // when, by the ascending clock

  // `id` ascends with what is told; `streams`: how many listen.
  Json state(const Viewer&, uint64_t id, size_t streams) const;

 private:
  struct Seen {
    std::shared_ptr<const llm::EngineView> view;  // null = it has no engine to look at
    Sample now = {};
    History history = {};
  };
  Json server_json(const Viewer&, size_t streams) const;
  Json model_json(const service::ServedModel&, const Viewer&) const;
  Json tenants_json(const Viewer&) const;

  const Sources sources_;
  const int64_t started_;  // nanoseconds since 1970
  traces::Moment time_ = {};
  std::map<std::string, Seen> seen_;  // by the model's id
};

}  // namespace mill::web
