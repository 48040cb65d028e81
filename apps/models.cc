#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/command.h"
#include "apps/model_store.h"
#include "data/fetch/progress.h"
#include "data/model_file.h"

namespace mill::apps {
namespace {

struct Facts {
  std::string architecture, type;  // "llama", "Q4_1"
  std::string problem;             // why it does not open
};

std::string architecture_of(const ModelFile& file) {
  if (file.format == ModelFormat::hugging_face) return file.config.value("model_type", "?");
  const MetaValue* value = file.meta("general.architecture");
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string_view>(value);
  return text == nullptr ? "?" : std::string(*text);
}

// The format that most of the matrices are in.
std::string main_type(const ModelFile& file) {
  std::map<DType, int> matrices;
  for (const Tensor& tensor : file.tensors)
    if (tensor.shape.size() > 1) ++matrices[tensor.dtype];
  const auto most =
      std::max_element(matrices.begin(), matrices.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == matrices.end() ? "?" : std::string(traits(most->first).name);
}

Facts facts_of(const StoredModel& model) {
  const auto file = open_model_file(model.path);
  if (!file) return {"?", "?", file.error().message};
  return {architecture_of(*file), main_type(*file), ""};
}

void print_json(const std::vector<StoredModel>& models) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const StoredModel& model : models) {
    const Facts facts = facts_of(model);
    nlohmann::ordered_json entry = {{"id", model.name},
                                    {"path", model.path.string()},
                                    {"bytes", model.bytes},
                                    {"architecture", facts.architecture},
                                    {"type", facts.type}};
    if (!facts.problem.empty()) entry["problem"] = facts.problem;
    list.push_back(std::move(entry));
  }
  fmt::print("{}\n", nlohmann::ordered_json{{"models", list}}.dump());
}

void print_table(const std::vector<StoredModel>& models) {
  if (models.empty())
    fmt::print("There is no model here yet; `tokenmill pull default` gets one.\n");
  for (const StoredModel& model : models) {
    const Facts facts = facts_of(model);
    fmt::print("{:<44} {:>9}  {:<10} {}\n", model.name, fetch::bytes_text(model.bytes),
               facts.architecture, facts.problem.empty() ? facts.type : facts.problem);
  }
}

}  // namespace

Run add_models(CLI::App& command) {
  auto json = std::make_shared<bool>(false);
  command.add_flag("--json", *json, "Print one JSON object");
  return [json]() -> Result<void> {
    TRY(models_folder());
    *json ? print_json(stored_models()) : print_table(stored_models());
    return {};
  };
}

}  // namespace mill::apps
