// Bytes a second of encoding, and the time it takes to open a vocabulary. Goals: 20 MB/s of English
// on one thread, and SmolLM2's GGUF open in 60 ms.

#include "data/tokenizer/tokenizer.h"

#include <benchmark/benchmark.h>

#include <string>

#include "base/test_data.h"

namespace {

std::optional<std::filesystem::path> model() {
  return mill::test_data::model("TOKENMILL_MODEL", "SmolLM2-135M-Instruct.Q4_1.gguf");
}

std::string english(size_t bytes) {
  constexpr const char* kWords[] = {"the ",     "quick ",        "brown ", "fox's ",
                                    "jumped, ", "over ",         "1984 ",  "lazy ",
                                    "dogs. ",   "Nevertheless ", "\n",     "(and) "};
  std::string text;
  for (size_t state = 1; text.size() < bytes; state = state * 6364136223846793005U + 1)
    text += kWords[(state >> 33) % std::size(kWords)];
  return text;
}

void encode(benchmark::State& state) {
  const auto path = model();
  if (!path) return state.SkipWithError("no model file (set TOKENMILL_MODEL)");
  const auto file = mill::open_model_file(*path);
  const auto tokenizer = mill::Tokenizer::open(*file);
  const std::string text = english(static_cast<size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer->encode(text));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
BENCHMARK(encode)->Arg(200)->Arg(4000)->Arg(1'000'000);

void open(benchmark::State& state) {
  const auto path = model();
  if (!path) return state.SkipWithError("no model file (set TOKENMILL_MODEL)");
  const auto file = mill::open_model_file(*path);
  for (auto _ : state) benchmark::DoNotOptimize(mill::Tokenizer::open(*file));
}
BENCHMARK(open)->Unit(benchmark::kMillisecond);

}  // namespace
