#include "learn/lora.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/new_folder.h"
#include "data/safetensors_writer.h"
#include "learn/tensor_file.h"

namespace mill::learn {
namespace {

std::vector<std::string> all_targets() {
  std::vector<std::string> out;
  for (const ProjectionRow& row : kProjections) out.emplace_back(row.name);
  return out;
}

std::vector<std::string> targets_of(const LoraOptions& options) {
  return options.targets == std::vector<std::string>{"all"} ? all_targets() : options.targets;
}

Result<void> check(const Decoder& model, const LoraOptions& options) {
  for (const std::string& target : targets_of(options)) {
    if (std::ranges::find(kProjections, target, &ProjectionRow::name) == kProjections.end())
      return fail(ErrorKind::invalid, "there is no matrix {:?} to adapt; there are {}, or all",
                  target, fmt::join(all_targets(), ", "));
  }
  const int64_t most = std::min(model.config.width, model.config.kv_heads * model.config.head_dim);
  if (options.rank < 1 || options.rank > most)
    return fail(ErrorKind::invalid,
                "rank {} does not fit this model: from 1 to {}, its smallest matrix; 8 to 64 are "
                "usual",
                options.rank, most);
  if (options.alpha <= 0)
    return fail(ErrorKind::invalid, "alpha must be above 0; twice the rank is usual");
  return {};
}

void adapt(Projection& projection, const LoraOptions& options, at::Generator& random) {
  const int64_t outputs = projection.weight.size(0), inputs = projection.weight.size(1);
  const double bound = 1.0 / std::sqrt(static_cast<double>(inputs));
  projection.lora_a = at::empty({options.rank, inputs}, at::kFloat)
                          .uniform_(-bound, bound, random)
                          .requires_grad_(true);
  projection.lora_b = at::zeros({outputs, options.rank}, at::kFloat).requires_grad_(true);
  projection.lora_scale = options.alpha / static_cast<double>(options.rank);
}

nlohmann::ordered_json adapter_config(const LoraOptions& options, const std::string& base) {
  return {{"peft_type", "LORA"},
          {"task_type", "CAUSAL_LM"},
          {"base_model_name_or_path", base},
          {"r", options.rank},
          {"lora_alpha", options.alpha},
          {"target_modules", targets_of(options)},
          {"lora_dropout", 0.0},
          {"bias", "none"},
          {"fan_in_fan_out", false},
          {"inference_mode", true}};
}

}  // namespace

Result<void> add_lora(Decoder& model, const LoraOptions& options) {
  TRY(check(model, options));
  for (const NamedTensor& it : tensors_of(model)) it.tensor->requires_grad_(false);
  at::Generator random = at::detail::createCPUGenerator(options.seed);
  const std::vector<std::string> targets = targets_of(options);
  for (DecoderLayer& layer : model.layers) {
    for (const ProjectionRow& row : kProjections) {
      if (std::ranges::find(targets, row.name) != targets.end())
        adapt(layer.*row.member, options, random);
    }
  }
  return {};
}

std::vector<NamedTensor> lora_tensors(Decoder& model) {
  std::vector<NamedTensor> out;
  for (size_t i = 0; i < model.layers.size(); ++i) {
    for (const ProjectionRow& row : kProjections) {
      Projection& projection = model.layers[i].*row.member;
      if (!projection.lora_a.defined()) continue;
      const std::string at =
          fmt::format("base_model.model.model.layers.{}.{}.lora_", i, row.module);
      out.push_back({at + "A.weight", &projection.lora_a});
      out.push_back({at + "B.weight", &projection.lora_b});
    }
  }
  return out;
}

Result<void> save_lora(Decoder& model, const LoraOptions& options, const std::string& base_model,
                       const std::filesystem::path& folder) {
  TRY_ASSIGN(NewFolder place, NewFolder::create(folder));
  TRY(save_tensors(lora_tensors(model), place.path() / "adapter_model.safetensors"));
  TRY(save_text(adapter_config(options, base_model).dump(2) + "\n",
                place.path() / "adapter_config.json"));
  return place.commit();
}

void merge_lora(Decoder& model) {
  const at::NoGradGuard no_gradients;
  for (DecoderLayer& layer : model.layers) {
    for (const ProjectionRow& row : kProjections) {
      Projection& it = layer.*row.member;
      if (!it.lora_a.defined()) continue;
      it.weight.addmm_(it.lora_b, it.lora_a, 1, it.lora_scale);
      it.lora_a = it.lora_b = Tensor();
    }
  }
}

}  // namespace mill::learn
