#include "service/web/feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "service/http/problem.h"

namespace mill::web {
namespace {

constexpr int kStillHere = 15;  // seconds after which a stream without a state shows that it lives

http::Response no_room(const char* what) {
  return http::problem_response(
      {503, fmt::format("{}; try again in a moment", what), "", "overloaded"});
}

}  // namespace

Feed::Feed(std::unique_ptr<Observer> observer, FeedOptions options)
    : options_(options), observer_(std::move(observer)), thread_([this] { run(); }) {}

Feed::~Feed() { close(); }

void Feed::once(const Viewer& viewer, const std::shared_ptr<http::Exchange>& exchange) {
  enter({.viewer = viewer, .exchange = exchange}, options_.waiting_max);
}

void Feed::stream(const Viewer& viewer, int every,
                  const std::shared_ptr<http::Exchange>& exchange) {
  enter({.viewer = viewer, .exchange = exchange, .every = every * options_.second},
        options_.streams_max);
}

void Feed::enter(Client client, size_t most) {
  const auto gone = client.gone;
  const bool streams = client.every.count() > 0;
  const auto exchange = client.exchange;
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return exchange->respond(no_room("The server is stopping"));
    sweep();
    if ((streams ? streams_ : clients_.size() - std::min(streams_, clients_.size())) >= most)
      return exchange->respond(no_room("Too many look at the console"));
    streams_ += streams;
    clients_.push_back(std::move(client));
  }
  exchange->on_gone([gone] { *gone = true; });
  wake_.notify_one();
}

// Those that have gone, and those that have got what they came for.
void Feed::sweep() {
  std::erase_if(clients_, [this](const Client& it) {
    if (!*it.gone) return false;
    streams_ -= it.every.count() > 0;
    return true;
  });
}

void Feed::run() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    sweep();
    if (clients_.empty()) {
      wake_.wait(lock, [this] { return closing_ || !clients_.empty(); });
    } else if (const auto due = next_due(); due > Clock::now()) {
      wake_.wait_until(lock, due);
    } else {
      std::vector<Client> taken = std::exchange(clients_, {});
      lock.unlock();
      serve(taken, Clock::now());
      lock.lock();
      std::ranges::move(taken, std::back_inserter(clients_));
    }
  }
  for (Client& it : clients_) dismiss(it);
  clients_.clear();
  streams_ = 0;
}

Feed::Clock::time_point Feed::next_due() const {
  return std::ranges::min(clients_, {}, &Client::due).due;
}

void Feed::serve(std::vector<Client>& clients, Clock::time_point now) {
  if (id_ == 0 || now - looked_ >= options_.least) {
    observer_->look(options_.patience);
    looked_ = now;
    ++id_;
  }
  Texts texts;
  for (Client& it : clients)
    if (it.due <= now && !*it.gone) tell(it, texts, now);
}

void Feed::tell(Client& it, Texts& texts, Clock::time_point now) {
  const bool streams = it.every.count() > 0;
  if (!streams) {
    it.exchange->respond(
        {.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
         .body = text_for(it.viewer, texts)});
    *it.gone = true;
    return;
  }
  if (it.due == Clock::time_point{}) {
    it.exchange->begin({.headers = {{"Content-Type", "text/event-stream"},
                                    {"Cache-Control", "no-store"},
                                    {"X-Accel-Buffering", "no"}}});
    it.exchange->write("retry: 2000\n\n");
    it.state_due = now;
  }
  if (it.state_due <= now) {
    it.exchange->write(
        fmt::format("id: {}\nevent: state\ndata: {}\n\n", id_, text_for(it.viewer, texts)));
    it.state_due += it.every;
    if (it.state_due <= now) it.state_due = now + it.every;  // what was missed is not made up for
  } else {
    it.exchange->write(": still here\n\n");
  }
  it.due = std::min(it.state_due, now + kStillHere * options_.second);
}

void Feed::dismiss(Client& it) {
  const bool begun = it.every.count() > 0 && it.due != Clock::time_point{};
  if (!begun) return it.exchange->respond(no_room("The server is stopping"));
  it.exchange->write("event: bye\ndata: {\"reason\":\"the server is stopping\"}\n\n");
  it.exchange->end();
}

const std::string& Feed::text_for(const Viewer& viewer, Texts& texts) const {
  std::string& text = texts[viewer];
  if (text.empty()) text = http::json_text(observer_->state(viewer, id_, streams()));
  return text;
}

void Feed::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

size_t Feed::streams() const {
  const std::lock_guard lock(mutex_);
  return streams_;
}

}  // namespace mill::web
