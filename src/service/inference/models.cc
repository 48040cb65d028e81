#include "service/inference/models.h"

#include <malloc.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace mill::inference {

struct Models::State {
  struct Leaving {
    std::weak_ptr<ServedModel> model;
    std::function<void()> gone;
  };

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::vector<ModelPointer> served = {};
  std::map<std::string, Leaving> leaving = {};  // by id
  size_t owned = 0;                             // that have not ended
};

Models::Models() : state_(std::make_shared<State>()) {}

Models::~Models() {
  std::vector<ModelPointer> served;  // they go without the lock, which their end takes
  std::unique_lock lock(state_->mutex);
  served.swap(state_->served);
  lock.unlock();
  served.clear();
  lock.lock();
  state_->changed.wait(lock, [this] { return state_->owned == 0; });
}

// Whoever lets go last may be the model's own engine, whose thread the model's end waits for: hence
// on another one.
void Models::end(const std::shared_ptr<State>& state, ServedModel* model) {
  std::thread([state, model] {
    const std::string id = model->info().id;
    delete model;
    ::malloc_trim(0);
    std::unique_lock lock(state->mutex);
    std::function<void()> gone;
    if (const auto it = state->leaving.find(id); it != state->leaving.end()) {
      gone = std::move(it->second.gone);
      state->leaving.erase(it);
    }
    lock.unlock();
    if (gone) gone();
    lock.lock();
    --state->owned;
    state->changed.notify_all();
  }).detach();
}

Result<void> Models::take(std::unique_ptr<ServedModel> model) {
  const std::string id = model->info().id;
  if (in_use(id))
    return fail(ErrorKind::invalid, "There is a model '{}' already; give this one another id", id);
  ModelPointer shared(model.release(), [state = state_](ServedModel* last) { end(state, last); });
  const std::lock_guard lock(state_->mutex);
  ++state_->owned;
  state_->served.push_back(std::move(shared));
  return {};
}

void Models::add(ModelPointer model) {
  const std::lock_guard lock(state_->mutex);
  state_->served.push_back(std::move(model));
}

bool Models::remove(const std::string& id, std::function<void()> gone) {
  ModelPointer model;
  {
    const std::lock_guard lock(state_->mutex);
    const auto it = std::ranges::find(state_->served, id,
                                      [](const ModelPointer& each) { return each->info().id; });
    if (it == state_->served.end()) return false;
    model = std::move(*it);
    state_->served.erase(it);
    state_->leaving[id] = {model, std::move(gone)};
  }
  if (model->stats().waiting > 0) model->wake([](const Result<void>&) {});
  return true;
}

void Models::stop() {
  std::vector<ModelPointer> all = this->all();
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [id, it] : state_->leaving)
      if (auto model = it.model.lock()) all.push_back(std::move(model));
  }
  for (const ModelPointer& model : all) model->stop();
}

http::Checked<ModelPointer> Models::find(const std::string& name) const {
  const std::lock_guard lock(state_->mutex);
  const auto& served = state_->served;
  if (!served.empty() && (name.empty() || name == "default")) return served.front();
  std::string known;
  for (const ModelPointer& model : served) {
    if (model->info().id == name) return model;
    known += "'" + model->info().id + "', ";
  }
  return std::unexpected(http::Problem{
      404,
      served.empty()
          ? "No model is loaded; see POST /models/load"
          : fmt::format("The model '{}' is not here; there is {}and 'default'", name, known),
      "model", "model_not_found"});
}

std::vector<ModelPointer> Models::all() const {
  const std::lock_guard lock(state_->mutex);
  return state_->served;
}

bool Models::in_use(const std::string& id) const {
  const std::lock_guard lock(state_->mutex);
  return state_->leaving.contains(id) ||
         std::ranges::any_of(state_->served,
                             [&](const ModelPointer& each) { return each->info().id == id; });
}

}  // namespace mill::inference
