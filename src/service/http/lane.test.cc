#include "service/http/lane.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace mill::http {
namespace {

// Waits for its answer, and lets its client go away.
struct Client : Exchange {
  std::mutex mutex;
  std::condition_variable changed;
  int status = 0;
  std::function<void()> gone;

  void respond(Response response) override {
    const std::lock_guard lock(mutex);
    status = response.status;
    changed.notify_all();
  }
  void begin(Response) override {}
  void write(std::string) override {}
  void end() override {}
  void on_gone(std::function<void()> callback) override { gone = std::move(callback); }

  int wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return status != 0; });
    return status;
  }
};

// Handlers that go on once the door is open.
struct Door {
  std::mutex mutex;
  std::condition_variable changed;
  bool opened = false;
  int entered = 0;

  void open() {
    const std::lock_guard lock(mutex);
    opened = true;
    changed.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex);
    ++entered;
    changed.notify_all();
    changed.wait(lock, [this] { return opened; });
  }
  void await(int entries) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return entered >= entries; });
  }
};

bool is_slow(const Request& request) { return request.path == "/slow"; }

std::shared_ptr<Client> send(const Handler& handler, const char* path) {
  const auto client = std::make_shared<Client>();
  handler({.method = "POST", .path = path, .query = "", .headers = {}}, client);
  return client;
}

TEST_CASE("slow requests wait for each other, and no other request waits for them") {
  Door door;
  std::thread::id slow_thread;
  Lane lane(1, 2);
  const Handler handler = lane.wrap(
      [&](const Request& request, const std::shared_ptr<Exchange>& exchange) {
        if (is_slow(request)) {
          slow_thread = std::this_thread::get_id();
          door.pass();
        }
        exchange->respond({});
      },
      is_slow);
  const auto first = send(handler, "/slow");
  door.await(1);
  const auto second = send(handler, "/slow"), third = send(handler, "/slow");
  CHECK(send(handler, "/slow")->wait() == 503);  // two wait already
  CHECK(send(handler, "/quick")->wait() == 200);
  CHECK(first->status == 0);
  second->gone();
  door.open();
  CHECK(first->wait() == 200);
  CHECK(third->wait() == 200);
  CHECK(second->status == 0);  // its client has gone, so nobody has begun it
  CHECK(door.entered == 2);
  CHECK(slow_thread != std::this_thread::get_id());
}

TEST_CASE("at the lane's end what has begun is done, and what waits is refused") {
  Door door;
  std::shared_ptr<Client> begun, waiting;
  std::thread opener;
  {
    Lane lane(1);
    const Handler handler = lane.wrap(
        [&](const Request&, const std::shared_ptr<Exchange>& exchange) {
          door.pass();
          exchange->respond({});
        },
        is_slow);
    begun = send(handler, "/slow");
    door.await(1);
    waiting = send(handler, "/slow");
    opener = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      door.open();
    });
  }
  opener.join();
  CHECK(begun->status == 200);
  CHECK(waiting->status == 503);
}

TEST_CASE("what a slow handler throws is an answer") {
  Lane lane(1);
  const Handler handler = lane.wrap(
      [](const Request&, const std::shared_ptr<Exchange>&) { throw std::bad_alloc(); }, is_slow);
  CHECK(send(handler, "/slow")->wait() == 500);
}

}  // namespace
}  // namespace mill::http
