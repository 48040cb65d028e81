#include "service/inference/host.h"

namespace mill::inference {

Checked<ServedModel*> Host::find(const std::string& name) const {
  if (name.empty() || name == "default") return models.front().get();
  std::string known;
  for (const auto& model : models) {
    if (model->info().id == name) return model.get();
    known += "'" + model->info().id + "', ";
  }
  return std::unexpected(
      Problem{404, fmt::format("The model '{}' is not here; there is {}and 'default'", name, known),
              "model", "model_not_found"});
}

}  // namespace mill::inference
