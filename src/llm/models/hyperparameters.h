#pragma once
// A model file's hyperparameters under one roof: GGUF metadata ("llama.attention.head_count") and
// config.json ("num_attention_heads") answer the same questions. Every answer is checked for its
// type and range before anybody computes with it.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "data/model_file.h"

namespace mill::llm {

// One hyperparameter's two names. The GGUF name goes behind the architecture ("llama." + gguf); an
// empty name means that this format does not have it.
struct Key {
  std::string_view gguf, hugging_face;
};

struct Range {
  double least = 0, most = 0;  // both included
};

class Hyperparameters {
 public:
  static Result<Hyperparameters> of(const ModelFile&);

  const ModelFile& file() const { return *file_; }
  bool gguf() const { return file_->format == ModelFormat::gguf; }
  const std::string& architecture() const { return architecture_; }  // "llama", "LlamaForCausalLM"

  // The value as it is written; null where absent.
  nlohmann::json value(Key) const;

  // Without a fallback, an absent value is an error. A list (per layer) counts where all are equal.
  Result<uint32_t> count(Key, Range, std::optional<uint32_t> fallback = {}) const;
  Result<float> real(Key, Range, std::optional<float> fallback = {}) const;
  Result<bool> flag(Key, bool fallback) const;
  Result<std::string> text(Key, std::string_view fallback) const;

  std::string name_of(Key) const;  // as the file writes it, for error messages

 private:
  const ModelFile* file_ = nullptr;
  std::string architecture_;
  nlohmann::json config_;  // config.json, with the entries of its "text_config" on top
};

// Checked conversions for values found deeper inside (rope_scaling's entries).
Result<double> number_in(const nlohmann::json&, std::string_view name, Range);

}  // namespace mill::llm
