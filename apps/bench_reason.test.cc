#include "apps/bench_reason.h"

#include <doctest/doctest.h>

#include <memory>

#include "llm/models/weights.h"
#include "llm/open_runner.h"

namespace mill::apps {
namespace {

std::unique_ptr<llm::Runner> tiny_runner(const PathsCase& paths) {
  auto file = open_model_file(TOKENMILL_BINARY_DIR "/tiny-model");
  REQUIRE(file.has_value());
  auto description = llm::describe_model(std::make_shared<ModelFile>(std::move(*file)));
  REQUIRE(description.has_value());
  auto runner =
      llm::open_runner(std::make_shared<const llm::ModelDescription>(std::move(*description)),
                       {.threads = 1,
                        .context_tokens = paths.length(),
                        .kv_tokens = blocks_of(paths) * llm::kBlockTokens});
  REQUIRE(runner.has_value());
  return std::move(*runner);
}

}  // namespace

// Prompts that fill their blocks, that do not, and that fit into one; a chunk is 512 tokens.
TEST_CASE("32 paths compute their prompt once, and keep its full blocks once") {
  for (const uint32_t prompt : {20U, 96U, 150U, 600U}) {
    CAPTURE(prompt);
    const PathsCase paths{.n = 32, .prompt = prompt, .answer = 4};
    PathsCase alone = paths;
    alone.n = 1;
    const auto runner = tiny_runner(paths);
    const PathsCost one = run_paths(*runner, alone, true);
    const PathsCost together = run_paths(*runner, paths, true);
    const PathsCost separate = run_paths(*runner, paths, false);
    CHECK(one.prefill_tokens == prompt);
    CHECK(static_cast<double>(together.prefill_tokens) <= kPrefillRatioAsked * prompt);
    CHECK(separate.prefill_tokens == uint64_t{32} * prompt);
    CHECK(together.generated_tokens == 32 * 4);
    CHECK(separate.generated_tokens == 32 * 4);
    CHECK(together.blocks_peak <= prompt / llm::kBlockTokens + 32);
    CHECK(separate.blocks_peak >= 32 * (prompt / llm::kBlockTokens));
  }
}

TEST_CASE("what was found is told beside what was asked") {
  ReasonReport report{.model = "m", .isa = "scalar", .threads = 1};
  report.one.prefill_tokens = 500;
  report.together = {.prefill_tokens = 510, .generated_tokens = 100, .seconds = 2};
  report.separate.seconds = 9;
  CHECK(json_of(report)["prefill_ratio"] == 1.02);
  CHECK(json_of(report)["speed_ratio"] == 4.5);
  CHECK(json_of(report)["paths"]["tokens_per_s"] == 50);
  const std::string table = table_of(report);
  CHECK(table.find("1.020 (asked: at most 1.1)") != std::string::npos);
  CHECK(table.find("4.50 times (asked: at least 4)") != std::string::npos);
}

}  // namespace mill::apps
