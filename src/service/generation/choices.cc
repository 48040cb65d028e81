#include "service/generation/choices.h"

#include <utility>

namespace mill::service {

Result<std::shared_ptr<Choices>> Choices::start(ServedModel& model,
                                                std::vector<llm::GenerateRequest> requests,
                                                Listener listener) {
  auto choices = std::make_shared<Choices>(model);
  choices->unfinished_ = requests.size();
  for (size_t i = 0; i < requests.size(); ++i) {
    // No lock is held here: the engine may already be telling us of the first ones.
    auto id = model.submit(std::move(requests[i]), [choices, i](llm::GenerateEvent&& event) {
      choices->on_event(i, std::move(event));
    });
    if (!id) {
      choices->cancel();
      return std::unexpected(std::move(id).error());
    }
    const std::lock_guard lock(choices->mutex_);
    choices->ids_.push_back(*id);
  }
  choices->listener_ = std::move(listener);
  choices->accepted();
  return choices;
}

void Choices::accepted() {
  const std::lock_guard lock(mutex_);
  held_ = false;
  if (listener_.started) listener_.started(shared_from_this());
  for (auto& [choice, event] : std::exchange(waiting_, {})) deliver(choice, std::move(event));
}

void Choices::on_event(size_t choice, llm::GenerateEvent&& event) {
  const std::lock_guard lock(mutex_);
  if (held_) {
    waiting_.emplace_back(choice, std::move(event));
  } else {
    deliver(choice, std::move(event));
  }
}

void Choices::deliver(size_t choice, llm::GenerateEvent&& event) {
  const bool last = event.finish != llm::FinishReason::none;
  if (listener_.event) listener_.event(choice, std::move(event));
  if (last) end_one();
}

void Choices::end_one() {
  if (--unfinished_ > 0) return;
  const Listener finished = std::exchange(listener_, {});  // lets go of what it holds
  if (finished.done) finished.done();
}

void Choices::resume(const std::function<void()>& event) {
  const std::lock_guard lock(mutex_);
  event();
  end_one();
}

// The lock is held: whoever is called by the Listener is called under it.
void Choices::cancel_within(size_t choice) { model_.cancel(ids_[choice]); }

Result<void> Choices::add_within(llm::GenerateRequest request) {
  if (cancelled_) return fail(ErrorKind::cancelled, "The request was cancelled");
  TRY_ASSIGN(const uint64_t id,
             model_.submit(std::move(request), [self = shared_from_this(),
                                                choice = ids_.size()](llm::GenerateEvent&& event) {
               self->on_event(choice, std::move(event));
             }));
  ids_.push_back(id);
  ++unfinished_;
  return {};
}

void Choices::cancel() {
  std::vector<uint64_t> ids;
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    ids = ids_;
  }
  for (const uint64_t id : ids) model_.cancel(id);
}

}  // namespace mill::service
