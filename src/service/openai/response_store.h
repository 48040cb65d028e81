#pragma once
// Responses that clients may ask for again, or go on from: in memory, bounded, the oldest forgotten
// first.

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "service/generation/choices.h"
#include "service/http/json_body.h"

namespace mill::openai {

using http::Json;

struct StoredResponse {
  Json response;                                 // as GET tells it
  Json input_items;                              // what was asked
  Json messages;                                 // the conversation up to and with the answer
  std::weak_ptr<service::Choices> running = {};  // of one in the background
};

class ResponseStore {
 public:
  void put(const std::string& id, StoredResponse);
  std::optional<StoredResponse> find(const std::string& id) const;
  bool erase(const std::string& id);
  void set_running(const std::string& id, std::weak_ptr<service::Choices>);

 private:
  static constexpr size_t kCountMax = 4096, kBytesMax = 64 * 1024 * 1024;

  struct Entry {
    StoredResponse stored;
    size_t bytes = 0;
  };
  void remove(const std::string& id);

  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Entry> entries_;
  std::deque<std::string> order_;  // oldest first
  size_t bytes_ = 0;
};

}  // namespace mill::openai
