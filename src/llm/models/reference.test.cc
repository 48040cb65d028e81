#include "llm/models/reference.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/test_data.h"
#include "llm/models/families.h"
#include "llm/models/family_goldens.h"

namespace mill::llm {
namespace {

// Measured: at most 1.5e-6 (the goldens are float32 themselves).
constexpr double kTolerance = 1e-5;

ModelDescription open(const FamilyGolden& golden) {
  auto file = open_model_file(golden.model);
  REQUIRE_MESSAGE(file.has_value(), golden.name, ": ", file.error().message);
  auto model = describe_model(std::make_shared<const ModelFile>(std::move(*file)));
  REQUIRE_MESSAGE(model.has_value(), golden.name, ": ", model.error().message);
  return std::move(*model);
}

// A model with one of its traits taken away.
struct Change {
  const char* name;
  bool (*has)(const ModelConfig&);
  void (*remove)(ModelConfig&);
};

const Change kChanges[] = {
    {"pairs of the rotation", [](const ModelConfig&) { return true; },
     [](ModelConfig& c) {
       c.rope_pairs = c.rope_pairs == RopePairs::halves ? RopePairs::adjacent : RopePairs::halves;
     }},
    {"rotation in some layers", [](const ModelConfig& c) { return !c.layer.back().rope; },
     [](ModelConfig& c) { c.layer.back().rope = true; }},
    {"partial rotation", [](const ModelConfig& c) { return c.rotary_dim < c.head_dim; },
     [](ModelConfig& c) { c.rotary_dim = c.head_dim; }},
    {"scaled frequencies", [](const ModelConfig& c) { return !c.rope_factors.empty(); },
     [](ModelConfig& c) { c.rope_factors.clear(); }},
    {"scale of cos and sin", [](const ModelConfig& c) { return c.rope_attention_scale != 1.0F; },
     [](ModelConfig& c) { c.rope_attention_scale = 1.0F; }},
    {"scaled positions", [](const ModelConfig& c) { return c.layer.back().rope_scale != 1.0F; },
     [](ModelConfig& c) { c.layer.back().rope_scale = 1.0F; }},
    {"local rotation base",
     [](const ModelConfig& c) { return c.layer[0].rope_base != c.layer.back().rope_base; },
     [](ModelConfig& c) { c.layer[0].rope_base = c.layer.back().rope_base; }},
    {"length of the window", [](const ModelConfig& c) { return c.layer[0].window != 0; },
     [](ModelConfig& c) { c.layer[0].window += 1; }},
    {"offset of norms", [](const ModelConfig& c) { return c.norm_weight_offset != 0.0F; },
     [](ModelConfig& c) { c.norm_weight_offset = 0.0F; }},
    {"mean in norms", [](const ModelConfig& c) { return c.norm == Norm::layer; },
     [](ModelConfig& c) { c.norm = Norm::rms; }},
    {"norms of Q and K", [](const ModelConfig& c) { return c.qk_norm; },
     [](ModelConfig& c) { c.qk_norm = false; }},
    {"norms after the blocks", [](const ModelConfig& c) { return c.post_norms; },
     [](ModelConfig& c) { c.post_norms = false; }},
    {"scale of embeddings", [](const ModelConfig& c) { return c.embedding_scale != 1.0F; },
     [](ModelConfig& c) { c.embedding_scale = 1.0F; }},
    {"number of experts", [](const ModelConfig& c) { return c.experts_used > 1; },
     [](ModelConfig& c) { c.experts_used -= 1; }},
    {"activation", [](const ModelConfig& c) { return c.activation != Activation::silu; },
     [](ModelConfig& c) { c.activation = Activation::silu; }},
};

}  // namespace

TEST_CASE("every family computes what Hugging Face transformers computes") {
  std::set<std::string> families;
  for (const FamilyGolden& golden : family_goldens(TOKENMILL_SOURCE_DIR)) {
    const ModelDescription model = open(golden);
    families.insert(model.config.family);
    const double error = golden.error_of(reference_logits(model, golden.tokens));
    CHECK_MESSAGE(error < kTolerance, golden.name, ": ", error);
  }
  for (const Family& family : family_table())
    CHECK_MESSAGE(families.contains(std::string(family.name)), family.name, " has no golden");
}

// A golden that a mistake does not move would prove nothing.
TEST_CASE("the goldens notice every trait that is taken away") {
  std::set<std::string> noticed;
  for (const FamilyGolden& golden : family_goldens(TOKENMILL_SOURCE_DIR)) {
    for (const Change& change : kChanges) {
      ModelDescription model = open(golden);
      if (!change.has(model.config)) continue;
      change.remove(model.config);
      const double error = golden.error_of(reference_logits(model, golden.tokens));
      CHECK_MESSAGE(error > 100 * kTolerance, golden.name, " without ", change.name, ": ", error);
      noticed.insert(change.name);
    }
  }
  for (const Change& change : kChanges) CHECK_MESSAGE(noticed.contains(change.name), change.name);
}

TEST_CASE("the last rows are the rows of the whole") {
  const FamilyGolden golden = family_goldens(TOKENMILL_SOURCE_DIR).front();
  const ModelDescription model = open(golden);
  const auto all = reference_logits(model, golden.tokens);
  const auto last = reference_logits(model, golden.tokens, 3);
  CHECK(last.size() == 3 * golden.vocab);
  CHECK(std::ranges::equal(last, std::span(all).last(last.size())));
}

// "The capital of France is", and how llama.cpp (llama-cpp-python 0.3.36, greedy) goes on.
struct Continuation {
  const char* variable;
  const char* file;
  std::vector<TokenId> prompt, answer;
};

TEST_CASE("real models go on as they do in llama.cpp") {
  const Continuation rows[] = {
      // " Paris.", two new lines, "The"
      {"TOKENMILL_MODEL",
       "SmolLM2-135M-Instruct.Q4_1.gguf",
       {504, 3575, 282, 4649, 314},
       {7042, 30, 198, 198, 504}},
      // " the capital of the country"
      {"TOKENMILL_MODEL_GEMMA",
       "gemma-3-270m-q4_k_m.gguf",
       {2, 818, 5279, 529, 7001, 563},
       {506, 5279, 529, 506, 2891}},
  };
  for (const Continuation& row : rows) {
    const auto path = test_data::model(row.variable, row.file);
    if (!path) {
      MESSAGE("skipped: no model file (set ", row.variable, ")");
      continue;
    }
    FamilyGolden golden;
    golden.model = *path;
    const ModelDescription model = open(golden);
    std::vector<TokenId> tokens = row.prompt;
    tokens.insert(tokens.end(), row.answer.begin(), row.answer.end() - 1);
    const auto logits = reference_logits(model, tokens, row.answer.size());
    for (size_t i = 0; i < row.answer.size(); ++i) {
      const auto next = std::span(logits).subspan(i * model.config.vocab, model.config.vocab);
      CHECK(std::ranges::max_element(next) - next.begin() == row.answer[i]);
    }
  }
}

}  // namespace mill::llm
