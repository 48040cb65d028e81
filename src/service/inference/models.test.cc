#include "service/inference/models.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

#include "service/generation/choices.h"
#include "service/inference/fake_model.h"

namespace mill::inference {
namespace {

using testing::FakeModel;

// A model that tells when it ends, and on which thread; and whose own thread waits for a gate.
struct Mortal : FakeModel {
  Mortal(std::string id, std::promise<std::thread::id>* told)
      : FakeModel(4096, std::move(id)), ended_(told) {}
  ~Mortal() override {
    if (ended_ != nullptr) ended_->set_value(std::this_thread::get_id());
  }
  Result<uint64_t> submit(llm::GenerateRequest request, llm::EventSink sink) override {
    return FakeModel::submit(std::move(request),
                             [gate = gate, sink = std::move(sink)](llm::GenerateEvent&& event) {
                               if (gate.valid()) gate.wait();
                               sink(std::move(event));
                             });
  }

  std::shared_future<void> gate;

 private:
  std::promise<std::thread::id>* ended_;
};

std::unique_ptr<Mortal> mortal(std::string id, std::promise<std::thread::id>* ended = nullptr) {
  return std::make_unique<Mortal>(std::move(id), ended);
}

std::string found(const Models& models, const std::string& name) {
  const auto model = models.find(name);
  return model ? (*model)->info().id : model.error().message;
}

}  // namespace

TEST_CASE("models are found by id, and the oldest by default") {
  Models models;
  CHECK(found(models, "").find("No model is loaded") == 0);
  REQUIRE(models.take(mortal("a")).has_value());
  REQUIRE(models.take(mortal("b")).has_value());
  CHECK(found(models, "") == "a");
  CHECK(found(models, "default") == "a");
  CHECK(found(models, "b") == "b");
  CHECK(found(models, "c") == "The model 'c' is not here; there is 'a', 'b', and 'default'");
  CHECK_FALSE(models.take(mortal("b")).has_value());
  CHECK(models.all().size() == 2);
  std::promise<void> gone;
  CHECK(models.remove("a", [&] { gone.set_value(); }));
  gone.get_future().wait();
  CHECK(found(models, "") == "b");
  CHECK_FALSE(models.remove("a", [] {}));
  REQUIRE(models.take(mortal("a")).has_value());
  CHECK(found(models, "") == "b");
}

TEST_CASE("a model that was removed answers to its end, and its id is free only then") {
  Models models;
  std::promise<std::thread::id> ended;
  std::promise<void> gone, over, gate;
  auto mine = mortal("a", &ended);
  mine->gate = gate.get_future();
  REQUIRE(models.take(std::move(mine)).has_value());
  std::atomic<bool> told_gone = false;
  std::string text;
  std::thread::id engine;
  {
    const ModelPointer model = models.find("a").value();
    llm::GenerateRequest request{.prompt = {1}, .tokens_max = 20};
    REQUIRE(service::Choices::start(*model, {request},
                                    {.event =
                                         [&](size_t, llm::GenerateEvent&& event) {
                                           engine = std::this_thread::get_id();
                                           text += event.text;
                                         },
                                     .done = [&] { over.set_value(); }}));
  }
  CHECK(models.remove("a", [&] {
    told_gone = true;
    gone.set_value();
  }));
  CHECK_FALSE(models.find("a").has_value());
  CHECK(models.in_use("a"));
  CHECK_FALSE(models.take(mortal("a")).has_value());
  CHECK_FALSE(told_gone);
  gate.set_value();
  over.get_future().wait();
  gone.get_future().wait();
  CHECK_FALSE(text.empty());
  CHECK(ended.get_future().get() != engine);  // which its end waits for
  CHECK_FALSE(models.in_use("a"));
}

TEST_CASE("those that were removed and are parked are woken, to come to an end") {
  struct Parked : FakeModel {
    using FakeModel::FakeModel;
    std::atomic<bool>* woken = nullptr;
    llm::EngineStats stats() const override {
      llm::EngineStats stats;
      stats.waiting = 1;
      return stats;
    }
    void wake(llm::Told told) override {
      *woken = true;
      told({});
    }
  };
  std::atomic<bool> woken = false;
  Models models;
  auto model = std::make_unique<Parked>();
  model->woken = &woken;
  REQUIRE(models.take(std::move(model)).has_value());
  CHECK(models.remove("fake", [] {}));
  CHECK(woken);
}

TEST_CASE("models that are somebody else's, too, outlive the list") {
  const auto model = std::make_shared<FakeModel>();
  {
    Models models;
    models.add(model);
    CHECK(found(models, "fake") == "fake");
  }
  CHECK(model->info().id == "fake");
}

}  // namespace mill::inference
