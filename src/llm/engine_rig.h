#pragma once
// For tests: what an Engine needs around it, with a token for each byte.

#include <doctest/doctest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/scratch_folder.h"
#include "llm/engine.h"
#include "llm/fake_runner.h"
#include "llm/simulation.h"

namespace mill::llm {

// A tokenizer.json with a token for each byte (in GPT-2's alphabet of printable characters, whose
// order is that of the code points it stands in) and one that ends the text.
inline nlohmann::json byte_vocabulary() {
  nlohmann::json vocab;
  char32_t spare = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD && byte <= 0xFF);
    const char32_t c = printable ? byte : spare++;
    std::string text;
    if (c >= 0x80) text += static_cast<char>(0xC0 | c >> 6);
    text += static_cast<char>(c >= 0x80 ? 0x80 | (c & 0x3F) : c);
    vocab[text] = byte;
  }
  return vocab;
}

inline constexpr TokenId kEnd = 256;

inline Tokenizer byte_tokenizer() {
  const std::filesystem::path folder = test_data::empty_folder("engine_tokenizer");
  const nlohmann::json end = {{"id", kEnd},          {"content", "<end>"}, {"special", true},
                              {"lstrip", false},     {"rstrip", false},    {"normalized", false},
                              {"single_word", false}};
  const nlohmann::json level = {{"type", "ByteLevel"},
                                {"add_prefix_space", false},
                                {"trim_offsets", true},
                                {"use_regex", true}};
  const nlohmann::json model = {
      {"type", "BPE"}, {"vocab", byte_vocabulary()}, {"merges", nlohmann::json::array()}};
  std::ofstream(folder / "tokenizer.json") << nlohmann::json{
      {"version", "1.0"},       {"added_tokens", {end}},     {"normalizer", nullptr},
      {"pre_tokenizer", level}, {"post_processor", nullptr}, {"decoder", level},
      {"model", model}};
  std::ofstream(folder / "tokenizer_config.json") << R"({"eos_token": "<end>"})";
  auto opened = Tokenizer::from_json(folder / "tokenizer.json");
  REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
  REQUIRE(opened->ends_generation(kEnd));
  return *opened;
}

inline constexpr FakeShape kShape = {
    .vocab = 257, .context = 192, .blocks = 12, .batch_tokens = 96};

inline World byte_world(const Tokenizer& tokenizer) {
  return {.runner = [](uint32_t) -> std::unique_ptr<Runner> {
            return std::make_unique<FakeRunner>(kShape);
          },
          .vocabulary = {.piece = [tokenizer](TokenId token) { return tokenizer.piece(token); },
                         .ends_generation = [](TokenId token) { return token == kEnd; }}};
}

// What one request is told, awaited from another thread.
struct Listener {
  std::mutex mutex;
  std::condition_variable changed;
  Transcript told;
  int endings = 0;

  EventSink sink() {
    return [this](GenerateEvent&& event) {
      const std::lock_guard lock(mutex);
      told.add(event);
      endings += event.finish != FinishReason::none;
      changed.notify_all();
    };
  }
  void wait_for(size_t tokens) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return told.tokens.size() >= tokens || endings > 0; });
  }
};

// Waits in its steps until it is told to go on.
class GatedRunner : public FakeRunner {
 public:
  explicit GatedRunner(
      std::shared_future<void> gate, std::function<void()> at_gate = [] {})
      : FakeRunner(kShape), gate_(std::move(gate)), at_gate_(std::move(at_gate)) {}
  void step(std::span<const BatchPiece> batch, std::span<float> logits) override {
    at_gate_();
    gate_.wait();
    FakeRunner::step(batch, logits);
  }

 private:
  std::shared_future<void> gate_;
  std::function<void()> at_gate_;
};

inline GenerateRequest endless() {
  GenerateRequest request;
  request.prompt = {1, 2, 3};
  request.ignore_end = true;
  return request;
}

}  // namespace mill::llm
