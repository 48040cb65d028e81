#pragma once
// Who wants to see the server's state, once or as long as it lasts: one thread looks for all of
// them, at most four times a second and only while somebody wants to see it, so that a console
// costs little, many cost little more, and none costs nothing.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "service/http/exchange.h"
#include "service/web/observer.h"

namespace mill::web {

struct FeedOptions {
  size_t streams_max = 32, waiting_max = 256;
  std::chrono::milliseconds least{250};     // between two looks
  std::chrono::milliseconds patience{300};  // with an engine that is within a step
  std::chrono::milliseconds second{1000};   // what streams count their pace in
};

class Feed {
 public:
  Feed(std::unique_ptr<Observer>, FeedOptions);
  ~Feed();  // close()

  // Any thread. 503 where too many want it already.
  void once(const Viewer&, const std::shared_ptr<http::Exchange>&);
  void stream(const Viewer&, int every, const std::shared_ptr<http::Exchange>&);  // seconds
  void close();  // says goodbye to all; nobody is let in after it. Idempotent

  size_t streams() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Client {
    Viewer viewer;
    std::shared_ptr<http::Exchange> exchange;
    std::shared_ptr<std::atomic<bool>> gone = std::make_shared<std::atomic<bool>>(false);
    Clock::duration every{};           // 0 = once
    Clock::time_point due = {};        // when it is to be told something; 0 = it has just come
    Clock::time_point state_due = {};  // … the state
  };
  using Texts = std::map<Viewer, std::string>;

  void enter(Client, size_t most);
  void sweep();
  void run();
  Clock::time_point next_due() const;
  void serve(std::vector<Client>& clients, Clock::time_point now);
  void tell(Client&, Texts&, Clock::time_point now);
  void dismiss(Client&);
  const std::string& text_for(const Viewer&, Texts&) const;

  const FeedOptions options_;
  const std::unique_ptr<Observer> observer_;  // the thread's alone, as is what follows
  Clock::time_point looked_ = {};
  uint64_t id_ = 0;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::vector<Client> clients_;
  size_t streams_ = 0;
  bool closing_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace mill::web
