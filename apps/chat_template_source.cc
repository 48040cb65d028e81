#include "apps/chat_template_source.h"

#include <fstream>
#include <iterator>

namespace mill::apps {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// "…", or [{"name": "default", "template": "…"}, {"name": "tool_use", "template": "…"}]
std::string template_in(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return {};
  std::string found;
  for (const auto& entry : value) {
    if (!entry.is_object() || !entry.value("template", nlohmann::json()).is_string()) continue;
    const bool is_default = entry.value("name", nlohmann::json()) == "default";
    if (found.empty() || is_default) found = entry["template"].get<std::string>();
    if (is_default) break;
  }
  return found;
}

std::string template_in_folder(const fs::path& folder) {
  if (std::string text = text_of(folder / "chat_template.jinja"); !text.empty()) return text;
  const auto config =
      nlohmann::json::parse(text_of(folder / "tokenizer_config.json"), nullptr, false);
  return config.is_object() ? template_in(config.value("chat_template", nlohmann::json())) : "";
}

}  // namespace

Result<std::string> chat_template_source(const ModelFile& file) {
  std::string source;
  if (file.format == ModelFormat::hugging_face) {
    source = template_in_folder(file.path);
  } else if (const MetaValue* value = file.meta("tokenizer.chat_template")) {
    if (const auto* text = std::get_if<std::string_view>(value)) source = *text;
  }
  if (!source.empty()) return source;
  return fail(
      ErrorKind::unsupported,
      "{} has no chat template, so it cannot hold a conversation; ask it to continue a text "
      "instead (/v1/completions, tokenmill complete)",
      file.path.filename().string());
}

}  // namespace mill::apps
