// Embeddings: the same vector whole or in chunks, alone or in company.

#include <doctest/doctest.h>

#include "llm/engine_core.h"
#include "llm/fake_runner.h"

namespace mill::llm {
namespace {

std::vector<TokenId> prompt(size_t tokens) {
  std::vector<TokenId> out;
  for (size_t i = 0; i < tokens; ++i) out.push_back(static_cast<TokenId>(1 + i * 7 % 60));
  return out;
}

// The embedding of so many tokens, while others generate.
std::vector<float> embedding(size_t tokens, uint32_t chunk, int company) {
  FakeRunner runner({});
  EngineCore core(runner, fake_vocabulary(), {.chunk_tokens = chunk});
  for (int i = 0; i < company; ++i)
    core.add(static_cast<uint64_t>(i + 1),
             {.prompt = prompt(10 + static_cast<size_t>(i)), .tokens_max = 30, .ignore_end = true},
             [](GenerateEvent&&) {});
  std::vector<float> found;
  int events = 0;
  core.add(100, {.prompt = prompt(tokens), .embed = true}, [&](GenerateEvent&& event) {
    ++events;
    CHECK(event.finish == FinishReason::stop);
    CHECK(event.text.empty());
    CHECK(event.prompt_tokens == tokens);
    found = std::move(event.embedding);
  });
  while (core.step()) {
  }
  CHECK(events == 1);
  return found;
}

}  // namespace

TEST_CASE("an embedding has length 1 and depends on its text alone") {
  for (const size_t tokens : {size_t{1}, size_t{33}, size_t{90}}) {
    const std::vector<float> alone = embedding(tokens, 512, 0);
    REQUIRE_FALSE(alone.empty());
    double squares = 0;
    for (const float value : alone) squares += static_cast<double>(value) * value;
    CHECK(squares == doctest::Approx(1));
    CHECK(embedding(tokens, 7, 0) == alone);
    CHECK(embedding(tokens, 16, 5) == alone);
  }
  CHECK(embedding(5, 512, 0) != embedding(6, 512, 0));
}

}  // namespace mill::llm
