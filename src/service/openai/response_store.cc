#include "service/openai/response_store.h"

#include <algorithm>

namespace mill::openai {

void ResponseStore::put(const std::string& id, StoredResponse stored) {
  const size_t bytes = http::json_text(stored.response).size() +
                       http::json_text(stored.input_items).size() +
                       http::json_text(stored.messages).size();
  const std::lock_guard lock(mutex_);
  remove(id);
  entries_[id] = {std::move(stored), bytes};
  order_.push_back(id);
  bytes_ += bytes;
  while (order_.size() > 1 && (order_.size() > kCountMax || bytes_ > kBytesMax))
    remove(std::string(order_.front()));
}

std::optional<StoredResponse> ResponseStore::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  return found->second.stored;
}

void ResponseStore::set_running(const std::string& id, std::weak_ptr<service::Choices> running) {
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(id); found != entries_.end())
    found->second.stored.running = std::move(running);
}

bool ResponseStore::erase(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const bool there = entries_.contains(id);
  remove(id);
  return there;
}

void ResponseStore::remove(const std::string& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  bytes_ -= found->second.bytes;
  entries_.erase(found);
  order_.erase(std::find(order_.begin(), order_.end(), id));
}

}  // namespace mill::openai
