#pragma once
// Several generations that one client waits for: n answers, or one to each of several prompts.

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "service/generation/served_model.h"

namespace mill::service {

class Choices : public std::enable_shared_from_this<Choices> {
 public:
  // Called one at a time: `started` once all are accepted, then `event` for each event of each
  // choice, and `done` after the last event of the last one. What came before all were accepted is
  // told by the thread that starts them, the rest by the engine's: neither may wait in there.
  struct Listener {
    std::function<void(const std::shared_ptr<Choices>&)> started = {};
    std::function<void(size_t choice, llm::GenerateEvent&&)> event;
    std::function<void()> done;
  };

  // All are accepted, or none goes on: then the Listener is never called.
  static Result<std::shared_ptr<Choices>> start(ServedModel&, std::vector<llm::GenerateRequest>,
                                                Listener);

  void cancel_within(size_t choice);  // this one, from within the Listener
  // One more, from within `event`: its number is that of all before it. Refused once cancelled.
  Result<void> add_within(llm::GenerateRequest);
  // It is not over before resume() was called as often as this, from within `event`. What resume()
  // is given is told like an event; any thread, but not from within the Listener.
  void hold_within() { ++unfinished_; }
  void release_within() { --unfinished_; }  // instead of resume(), from within the same `event`
  void resume(const std::function<void()>& event);
  void cancel();  // each still ends with an event of its own; any thread, any number of times

  explicit Choices(ServedModel& model)  // use start()
      : model_(model), held_model_(model.weak_from_this().lock()) {}

 private:
  void on_event(size_t choice, llm::GenerateEvent&&);
  void deliver(size_t choice, llm::GenerateEvent&&);
  void end_one();
  void accepted();

  ServedModel& model_;
  const ModelPointer held_model_;  // where it is shared at all
  std::mutex mutex_;               // guards what follows
  Listener listener_;
  std::vector<uint64_t> ids_;
  size_t unfinished_ = 0;
  bool held_ = true;  // until all are accepted
  bool cancelled_ = false;
  std::vector<std::pair<size_t, llm::GenerateEvent>> waiting_;
};

}  // namespace mill::service
