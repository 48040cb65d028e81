#include "llm/tune/trial_model.h"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "data/convert.h"
#include "llm/models/reference.h"
#include "llm/sample/random.h"
#include "llm/tune/formats.h"

namespace mill::llm {
namespace {

ModelDescription golden_model(const char* name) {
  const auto path = std::filesystem::path(TOKENMILL_SOURCE_DIR) / "tests/golden/families" / name;
  auto file = open_model_file(path / "model.gguf");
  REQUIRE(file);
  auto model = describe_model(std::make_shared<const ModelFile>(*std::move(file)));
  REQUIRE(model);
  return *std::move(model);
}

TrialModel::Windows windows_for(const ModelDescription& model) {
  TrialModel::Windows windows(2);
  for (uint64_t n = 0; n < 160; ++n)
    windows[n / 80].push_back(
        static_cast<TokenId>(scale_below(random_bits(5, n), model.config.vocab)));
  return windows;
}

std::unique_ptr<TrialModel> opened(const ModelDescription& model) {
  auto trial = TrialModel::open(model, windows_for(model), 2);
  REQUIRE(trial);
  return *std::move(trial);
}

// Σ p·log(p/q) as it is written.
double divergence_of(std::span<const float> base, std::span<const float> other) {
  double base_sum = 0, other_sum = 0, divergence = 0;
  for (float x : base) base_sum += std::exp(static_cast<double>(x));
  for (float x : other) other_sum += std::exp(static_cast<double>(x));
  for (size_t i = 0; i < base.size(); ++i) {
    const double log_p = static_cast<double>(base[i]) - std::log(base_sum);
    const double log_q = static_cast<double>(other[i]) - std::log(other_sum);
    divergence += std::exp(log_p) * (log_p - log_q);
  }
  return divergence;
}

// The same by the slow forward pass over the whole of each window.
double reference_damage(const ModelDescription& base, const ModelDescription& other) {
  const size_t vocab = base.config.vocab;
  double sum = 0;
  size_t rows = 0;
  for (const auto& window : windows_for(base)) {
    const auto p = reference_logits(base, window), q = reference_logits(other, window);
    for (size_t row = TrialModel::kContextOnly; row < window.size();
         row += TrialModel::kScoredStep, ++rows)
      sum += divergence_of(std::span(p).subspan(row * vocab, vocab),
                           std::span(q).subspan(row * vocab, vocab));
  }
  return sum / static_cast<double>(rows);
}

// The model with another tensor for one of its own.
ModelDescription with_other(const ModelDescription& model, const Tensor* old, const Tensor& other) {
  ModelDescription changed = model;
  Weights& w = changed.weights;
  const auto put = [&](const Tensor*& place) { place = place == old ? &other : place; };
  put(w.embedding);
  put(w.head);
  for (LayerWeights& layer : w.layer) {
    for (const auto matrix :
         {&LayerWeights::query, &LayerWeights::key, &LayerWeights::value, &LayerWeights::output,
          &LayerWeights::gate, &LayerWeights::up, &LayerWeights::down})
      put(layer.*matrix);
    for (const auto stack : {&LayerWeights::expert_gate, &LayerWeights::expert_up})
      for (const Tensor*& expert : layer.*stack) put(expert);
  }
  return changed;
}

}  // namespace

TEST_CASE("the damage of a matrix is what the slow forward pass finds") {
  for (const char* name : {"smollm2", "llama3", "mixtral"}) {
    const ModelDescription model = golden_model(name);
    const auto trial = opened(model);
    CHECK(trial->matrices().size() >= 9);
    for (const TunableMatrix& matrix : trial->matrices()) {
      CAPTURE(matrix.name);
      if (matrix.parts.size() > 1) continue;  // below
      const auto bytes = convert(*matrix.parts[0], DType::Q4_0, 1);
      REQUIRE(bytes);
      Tensor coarse = *matrix.parts[0];
      coarse.dtype = DType::Q4_0;
      coarse.bytes = *bytes;
      const auto damage = trial->damage(matrix, {&coarse, 1});
      REQUIRE(damage);
      const double expected = reference_damage(model, with_other(model, matrix.parts[0], coarse));
      CHECK(expected > 0);
      CHECK(*damage == doctest::Approx(expected).epsilon(0.02));
    }
  }
}

TEST_CASE("a trial leaves nothing behind, and a stack of experts is one matrix") {
  const ModelDescription model = golden_model("mixtral");
  const auto trial = opened(model);
  for (const TunableMatrix& matrix : trial->matrices()) {
    CAPTURE(matrix.name);
    std::vector<Tensor> zeros, own;
    const std::vector<std::byte> nothing(1 << 16);
    for (const Tensor* part : matrix.parts) {
      own.push_back(*part);
      zeros.push_back(*part);
      zeros.back().bytes = std::span(nothing).first(part->bytes.size());
    }
    CHECK(trial->damage(matrix, zeros).value_or(0) > 1e-6);
    CHECK(std::abs(trial->damage(matrix, own).value_or(1)) < 1e-7);
  }
}

TEST_CASE("importances are mean squares of inputs, one for each column") {
  const auto trial = opened(golden_model("smollm2"));
  for (const TunableMatrix& matrix : trial->matrices()) {
    CAPTURE(matrix.name);
    REQUIRE(matrix.importance.size() == matrix.columns());
    double sum = 0;
    for (float x : matrix.importance) {
      CHECK(x > 0);
      sum += static_cast<double>(x);
    }
    CHECK(sum / static_cast<double>(matrix.columns()) == doctest::Approx(1.0).epsilon(0.01));
  }
}

TEST_CASE("formats are chosen within the budget, and better ones for a larger one") {
  const ModelDescription model = golden_model("smollm2");
  double before = INFINITY;
  for (const double bits : {9.0, 10.0, 12.0, 33.0}) {
    const auto tuned = choose_formats(
        model, {.bits_per_weight = bits, .windows = windows_for(model), .threads = 2});
    REQUIRE_MESSAGE(tuned.has_value(), tuned.error().message);
    double damage = 0;
    for (const TunedMatrix& matrix : tuned->matrices) {
      damage += matrix.formats[matrix.chosen].damage;
      CHECK(tuned->formats.at(matrix.name).dtype == matrix.formats[matrix.chosen].dtype);
    }
    CHECK(damage < before);
    before = damage;
  }
  CHECK(before == 0);  // everything as it was
  const auto refused =
      choose_formats(model, {.bits_per_weight = 1, .windows = windows_for(model), .threads = 2});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("the least are") != std::string::npos);
}

}  // namespace mill::llm
