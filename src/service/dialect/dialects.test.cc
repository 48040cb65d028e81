#include "service/dialect/dialects.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/test_data.h"

namespace mill::dialect {

TEST_CASE("the words of a template tell its dialect; who has none speaks as Hermes does") {
  const Dialect none = dialect_of("{{ messages[0].content }}");
  CHECK(std::string_view(none.tools->name) == "hermes");
  CHECK(none.thoughts == nullptr);
  CHECK_FALSE(none.template_knows_tools);
  const Dialect qwen = dialect_of("{% if tools %}<tool_call>{% endif %}</think>");
  CHECK(std::string_view(qwen.tools->name) == "hermes");
  CHECK(std::string_view(qwen.thoughts->name) == "think");
  CHECK(qwen.template_knows_tools);
}

TEST_CASE("published templates, each by its own words") {
  struct Row {
    const char *file, *tools, *thoughts;
  };
  const Row rows[] = {
      {"Qwen-Qwen2.5-7B-Instruct", "hermes", ""},
      {"Qwen-Qwen3-0.6B", "hermes", "think"},
      {"NousResearch-Hermes-3-Llama-3.1-8B-tool_use", "hermes", ""},
      {"HuggingFaceTB-SmolLM3-3B", "hermes", "think"},
      {"Qwen3-Coder", "tagged", ""},
      {"NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "tagged", "think"},
      {"NVIDIA-Nemotron-Nano-v2", "nemotron", "think"},
      {"Mistral-Small-3.2-24B-Instruct-2506", "mistral", ""},
      {"mistralai-Ministral-3-14B-Reasoning-2512", "mistral", "THINK"},
      {"mistralai-Mistral-Nemo-Instruct-2407", "mistral_array", ""},
      {"meta-llama-Llama-3.1-8B-Instruct", "llama3", ""},
      {"meta-llama-Llama-3.2-3B-Instruct", "llama3", ""},
      {"meta-llama-Llama-3.3-70B-Instruct", "llama3", ""},
      {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "hermes", "think"},
      {"ByteDance-Seed-OSS", "hermes", "seed"},
  };
  const auto data = test_data::unpacked("tokenizers", TOKENMILL_SOURCE_DIR, TOKENMILL_BINARY_DIR);
  if (!data) {
    MESSAGE("skipped: the archive of published templates is not here");
    return;
  }
  for (const Row& row : rows) {
    CAPTURE(row.file);
    std::ifstream file(*data / "tokenizers/chat-templates" / (std::string(row.file) + ".jinja"));
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    REQUIRE_FALSE(text.empty());
    const Dialect found = dialect_of(text);
    CHECK(std::string_view(found.tools->name) == row.tools);
    CHECK(std::string_view(found.thoughts == nullptr ? "" : found.thoughts->name) == row.thoughts);
  }
}

}  // namespace mill::dialect
