// A tiny model beside PyTorch, transformers and PEFT: tools/make_lora_golden.py.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "data/model_file.h"
#include "data/safetensors.h"
#include "learn/adamw.h"
#include "learn/lora.h"
#include "learn/tensor_file.h"
#include "learn/trainer.h"

namespace mill::learn {
namespace {

const std::string kGolden = TOKENMILL_SOURCE_DIR "/tests/golden/lora/";

nlohmann::json golden_steps() {
  std::ifstream file(kGolden + "steps.json");
  return nlohmann::json::parse(file);
}

Decoder tiny_model() {
  const auto file = open_model_file(kGolden + "model");
  REQUIRE_MESSAGE(file.has_value(), file.error().message);
  auto model = load_decoder(*file);
  REQUIRE_MESSAGE(model.has_value(), model.error().message);
  return std::move(*model);
}

// The golden's documents, whose first third is read only; a label is the token to be said next.
std::vector<Document> documents_of(const nlohmann::json& step) {
  std::vector<Document> out;
  for (const nlohmann::json& tokens : step["documents"]) {
    Document document{.tokens = tokens.get<std::vector<TokenId>>(), .labels = {}};
    const size_t read = document.tokens.size() / 3;
    for (size_t i = 1; i <= document.tokens.size(); ++i)
      document.labels.push_back(i < document.tokens.size() && i >= read ? document.tokens[i] : -1);
    out.push_back(std::move(document));
  }
  return out;
}

// ‖ours − theirs‖ / ‖theirs‖, the largest over the tensors of a golden file.
double largest_error(const std::vector<NamedTensor>& ours, const std::string& golden) {
  std::vector<Tensor> theirs;
  std::vector<NamedTensor> wanted;
  theirs.reserve(ours.size());
  for (const NamedTensor& it : ours) {
    theirs.push_back(at::zeros_like(*it.tensor));
    wanted.push_back({it.name, &theirs.back()});
  }
  const auto loaded = load_tensors(wanted, kGolden + golden);
  REQUIRE_MESSAGE(loaded.has_value(), loaded.error().message);
  double worst = 0.0;
  for (size_t i = 0; i < ours.size(); ++i) {
    const double error = (*ours[i].tensor - theirs[i]).norm().item<double>();
    worst = std::max(worst, error / (theirs[i].norm().item<double>() + 1e-12));
  }
  return worst;
}

struct Adapted {
  Decoder model = tiny_model();
  std::vector<NamedTensor> parameters;

  explicit Adapted(const nlohmann::json& golden) {
    const LoraOptions options{.rank = golden["rank"], .alpha = golden["alpha"], .targets = {"all"}};
    REQUIRE(add_lora(model, options));
    parameters = lora_tensors(model);
    std::vector<NamedTensor> drawn;
    for (const NamedTensor& it : parameters)
      if (it.name.find("lora_A") != std::string::npos) drawn.push_back(it);
    const at::NoGradGuard no_gradients;
    REQUIRE(load_tensors(drawn, kGolden + "start.safetensors"));
  }

  std::vector<Tensor> gradients;
  std::vector<NamedTensor> named_gradients() {
    gradients.clear();
    gradients.reserve(parameters.size());
    std::vector<NamedTensor> out;
    for (const NamedTensor& it : parameters) {
      gradients.push_back(it.tensor->grad().clone());
      out.push_back({it.name, &gradients.back()});
    }
    return out;
  }
};

Tensor mean_of(const Decoder& model, const std::vector<Document>& documents, bool recompute) {
  const std::vector<size_t> both = {0, 1};
  const TokenRows rows = rows_of(documents, both);
  return loss_sum(model, rows, {.recompute = recompute}) / rows.labels.ge(0).sum();
}

}  // namespace

TEST_CASE("learn: 50 steps of adapters are PEFT's, in losses, gradients and where they end") {
  const nlohmann::json golden = golden_steps();
  REQUIRE(golden["steps"].size() == 50);
  for (const bool recompute : {false, true}) {
    CAPTURE(recompute);
    Adapted it(golden);
    AdamW adamw(it.parameters, {.weight_decay = golden["weight_decay"].get<double>()});
    double worst_loss = 0.0, worst_norm = 0.0;
    for (size_t i = 0; i < golden["steps"].size(); ++i) {
      CAPTURE(i);
      const nlohmann::json& step = golden["steps"][i];
      const Tensor loss = mean_of(it.model, documents_of(step), recompute);
      loss.backward();
      const double theirs = step["loss"].get<double>();
      worst_loss = std::max(worst_loss, std::abs(loss.item<double>() - theirs) / theirs);
      const std::vector<NamedTensor> gradients = it.named_gradients();
      for (size_t t = 0; t < gradients.size(); ++t) {
        CHECK(gradients[t].name == golden["names"][t].get<std::string>());
        const double norm = step["norms"][t].get<double>();
        const double error = std::abs(gradients[t].tensor->norm().item<double>() - norm);
        worst_norm = std::max(worst_norm, error / (norm + 1e-9));
      }
      if (i == 0 || i == 1 || i == 49) {
        const double worst =
            largest_error(gradients, "gradients-" + std::to_string(i + 1) + ".safetensors");
        MESSAGE("step ", i + 1, ": gradients differ by ", worst);
        CHECK(worst < 1e-4);
      }
      const double norm = adamw.step(golden["learning_rate"].get<double>());
      CHECK(norm == doctest::Approx(step["gradient_norm"].get<double>()).epsilon(1e-4));
    }
    MESSAGE("losses differ by ", worst_loss, ", norms of gradients by ", worst_norm);
    CHECK(worst_loss < 1e-4);
    CHECK(worst_norm < 1e-4);
    CHECK(largest_error(it.parameters, "end.safetensors") < 1e-4);
  }
}

TEST_CASE("learn: the gradient of every weight is PyTorch's") {
  const nlohmann::json golden = golden_steps();
  Decoder model = tiny_model();
  std::vector<NamedTensor> all = tensors_of(model);
  for (const NamedTensor& it : all) it.tensor->requires_grad_(true);
  mean_of(model, documents_of(golden["steps"][0]), false).backward();
  std::vector<Tensor> gradients;
  gradients.reserve(all.size());
  for (NamedTensor& it : all) {
    gradients.push_back(it.tensor->grad());
    it.tensor = &gradients.back();
  }
  CHECK(largest_error(all, "gradients-full.safetensors") < 1e-4);
}

TEST_CASE("learn: an adapter merged into its model predicts what the two did") {
  const nlohmann::json golden = golden_steps();
  Adapted it(golden);
  const at::NoGradGuard no_gradients;
  REQUIRE(load_tensors(it.parameters, kGolden + "end.safetensors"));
  const std::vector<Document> documents = documents_of(golden["steps"][0]);
  const double before = mean_of(it.model, documents, false).item<double>();
  merge_lora(it.model);
  CHECK(mean_of(it.model, documents, false).item<double>() ==
        doctest::Approx(before).epsilon(1e-5));
  CHECK(lora_tensors(it.model).empty());
}

}  // namespace mill::learn
