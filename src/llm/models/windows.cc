#include "llm/models/windows.h"

#include <string>

namespace mill::llm {

using nlohmann::json;

Result<uint32_t> read_window(const Hyperparameters& h, uint32_t fallback) {
  return h.count({"attention.sliding_window", "sliding_window"}, {0, 1 << 30}, fallback);
}

Result<std::vector<bool>> read_sliding_layers(const Hyperparameters& h, uint32_t layers) {
  const json types = h.value({"", "layer_types"});
  std::vector<bool> sliding;
  if (types.is_null()) return sliding;
  if (!types.is_array() || types.size() != layers)
    return fail(ErrorKind::invalid, "layer_types should list {} layers", layers);
  for (const json& type : types) {
    const std::string name = type.is_string() ? type.get<std::string>() : type.type_name();
    if (name != "sliding_attention" && name != "full_attention")
      return fail(ErrorKind::unsupported,
                  "layer type {} is neither full_attention nor sliding_attention", name);
    sliding.push_back(name == "sliding_attention");
  }
  return sliding;
}

Result<void> read_listed_windows(const Hyperparameters& h, ModelConfig& c) {
  const json list = h.value({"attention.sliding_window_pattern", ""});
  if (!list.is_array()) return {};
  if (list.size() != c.layers)
    return fail(ErrorKind::invalid, "{} should list {} layers",
                h.name_of({"attention.sliding_window_pattern", ""}), c.layers);
  TRY_ASSIGN(const uint32_t window, read_window(h, 0));
  for (uint32_t i = 0; i < c.layers; ++i)
    if (list[i] == true) c.layer[i].window = window;
  return {};
}

Result<void> read_upper_windows(const Hyperparameters& h, ModelConfig& c) {
  if (h.gguf()) return read_listed_windows(h, c);
  TRY_ASSIGN(const bool windows, h.flag({"", "use_sliding_window"}, false));
  if (!windows) return {};
  TRY_ASSIGN(const uint32_t window, read_window(h, 4096));
  TRY_ASSIGN(const uint32_t first, h.count({"", "max_window_layers"}, {0, 1e9}, 28));
  TRY_ASSIGN(const std::vector<bool> sliding, read_sliding_layers(h, c.layers));
  for (uint32_t i = 0; i < c.layers; ++i) {
    if (sliding.empty() ? i >= first : sliding[i]) c.layer[i].window = window;
  }
  return {};
}

}  // namespace mill::llm
