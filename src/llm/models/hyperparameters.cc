#include "llm/models/hyperparameters.h"

#include <cmath>
#include <type_traits>

namespace mill::llm {
namespace {

using nlohmann::json;

json to_json(const MetaValue& value) {
  return std::visit(
      [](const auto& held) -> json {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::string_view>) {
          return std::string(held);
        } else if constexpr (std::is_same_v<Held, std::vector<std::string_view>>) {
          return std::vector<std::string>(held.begin(), held.end());
        } else {
          return held;
        }
      },
      value);
}

// The one value of a per-layer list whose entries are all the same; anything else as it is.
Result<json> uniform(const json& value, const std::string& name) {
  if (!value.is_array()) return value;
  if (value.empty()) return fail(ErrorKind::invalid, "{} is an empty list", name);
  for (const json& entry : value) {
    if (entry != value.front())
      return fail(ErrorKind::unsupported, "{} differs from layer to layer, which we do not run",
                  name);
  }
  return value.front();
}

Result<std::string> architecture_of(const ModelFile& file) {
  if (file.format == ModelFormat::gguf) {
    const MetaValue* value = file.meta("general.architecture");
    const auto* name = value != nullptr ? std::get_if<std::string_view>(value) : nullptr;
    if (name == nullptr)
      return fail(ErrorKind::invalid, "general.architecture is missing: not a language model?");
    return std::string(*name);
  }
  const auto list = file.config.is_object() ? file.config.find("architectures") : file.config.end();
  if (list == file.config.end() || !list->is_array() || list->empty() || !list->front().is_string())
    return fail(ErrorKind::invalid, "config.json has no \"architectures\": not a language model?");
  return list->front().get<std::string>();
}

}  // namespace

Result<Hyperparameters> Hyperparameters::of(const ModelFile& file) {
  Hyperparameters h;
  h.file_ = &file;
  TRY_ASSIGN(h.architecture_, architecture_of(file));
  if (h.gguf()) return h;
  h.config_ = file.config;
  const auto text = file.config.find("text_config");
  if (text != file.config.end() && text->is_object()) h.config_.update(*text);
  return h;
}

json Hyperparameters::value(Key key) const {
  if (gguf()) {
    if (key.gguf.empty()) return nullptr;
    const MetaValue* found = file_->meta(architecture_ + "." + std::string(key.gguf));
    return found == nullptr ? json(nullptr) : to_json(*found);
  }
  const auto found = config_.find(key.hugging_face);
  return key.hugging_face.empty() || found == config_.end() ? json(nullptr) : *found;
}

std::string Hyperparameters::name_of(Key key) const {
  return gguf() ? architecture_ + "." + std::string(key.gguf) : std::string(key.hugging_face);
}

Result<double> number_in(const json& value, std::string_view name, Range range) {
  if (value.is_null()) return fail(ErrorKind::invalid, "{} is missing", name);
  if (!value.is_number())
    return fail(ErrorKind::invalid, "{} should be a number, but is {}", name, value.type_name());
  const auto number = value.get<double>();
  if (!(number >= range.least && number <= range.most))
    return fail(ErrorKind::invalid, "{} = {} is not within {} to {}", name, number, range.least,
                range.most);
  return number;
}

Result<uint32_t> Hyperparameters::count(Key key, Range range,
                                        std::optional<uint32_t> fallback) const {
  const std::string name = name_of(key);
  TRY_ASSIGN(const json found, uniform(value(key), name));
  if (found.is_null() && fallback) return *fallback;
  TRY_ASSIGN(const double number, number_in(found, name, range));
  if (number != std::floor(number))
    return fail(ErrorKind::invalid, "{} = {} should be a whole number", name, number);
  return static_cast<uint32_t>(number);
}

Result<float> Hyperparameters::real(Key key, Range range, std::optional<float> fallback) const {
  const std::string name = name_of(key);
  TRY_ASSIGN(const json found, uniform(value(key), name));
  if (found.is_null() && fallback) return *fallback;
  TRY_ASSIGN(const double number, number_in(found, name, range));
  return static_cast<float>(number);
}

Result<bool> Hyperparameters::flag(Key key, bool fallback) const {
  const json found = value(key);
  if (found.is_null()) return fallback;
  if (!found.is_boolean())
    return fail(ErrorKind::invalid, "{} should be true or false, but is {}", name_of(key),
                found.type_name());
  return found.get<bool>();
}

Result<std::string> Hyperparameters::text(Key key, std::string_view fallback) const {
  const json found = value(key);
  if (found.is_null()) return std::string(fallback);
  if (!found.is_string())
    return fail(ErrorKind::invalid, "{} should be a string, but is {}", name_of(key),
                found.type_name());
  return found.get<std::string>();
}

}  // namespace mill::llm
