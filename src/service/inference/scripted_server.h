#pragma once
// For tests: an API's endpoints over a model that says what it is told to say, with a clock that
// stands still and ids that count.

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

#include "service/http/router.h"
#include "service/inference/fake_model.h"
#include "service/inference/host.h"
#include "service/inference/recorder.h"

namespace mill::inference::testing {

struct ScriptedServer {
  std::shared_ptr<FakeModel> model = std::make_shared<FakeModel>();
  std::shared_ptr<Host> host = std::make_shared<Host>();
  std::atomic<uint64_t> drawn{1};
  http::Handler handler;

  template <class Routes>
  ScriptedServer(std::string script, Routes routes,
                 const char* chat_template = "{{ tools }}<think></think>") {
    model->script = std::move(script);
    model->speak(chat_template);
    host->models.add(model);
    host->unix_time = [] { return 1234; };
    host->entropy = [this] { return ++drawn; };
    handler = http::router(routes(host));
  }

  http::Response send(const char* method, const std::string& path, const std::string& body = "") {
    const auto recorder = std::make_shared<Recorder>();
    const size_t end = std::min(path.find('?'), path.size());
    handler({.method = method,
             .path = path.substr(0, end),
             .query = path.substr(std::min(end + 1, path.size())),
             .headers = {},
             .body = body},
            recorder);
    return recorder->wait();
  }
};

}  // namespace mill::inference::testing
