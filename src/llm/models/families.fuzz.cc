// Hyperparameters that somebody else wrote: bytes are a config.json beside the tensors of a tiny
// model that fits many families, and, where they are no JSON, pairs of bytes choose values of a
// GGUF's metadata.

#include "llm/models/families.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "llm/models/reference.h"
#include "llm/models/weights.h"

namespace {

using namespace mill;

// All sizes are 8, so that any mixture of roles finds its shapes.
constexpr std::array kNames = {"input_layernorm.weight",
                               "self_attn.q_proj.weight",
                               "self_attn.k_proj.weight",
                               "self_attn.v_proj.weight",
                               "self_attn.o_proj.weight",
                               "post_attention_layernorm.weight",
                               "mlp.gate_proj.weight",
                               "mlp.up_proj.weight",
                               "mlp.down_proj.weight",
                               "self_attn.q_norm.weight",
                               "self_attn.k_norm.weight",
                               "pre_feedforward_layernorm.weight",
                               "post_feedforward_layernorm.weight",
                               "input_layernorm.bias",
                               "post_attention_layernorm.bias"};
constexpr std::array kGgufNames = {
    "attn_norm.weight",    "attn_q.weight",      "attn_k.weight",      "attn_v.weight",
    "attn_output.weight",  "ffn_norm.weight",    "ffn_gate.weight",    "ffn_up.weight",
    "ffn_down.weight",     "attn_q_norm.weight", "attn_k_norm.weight", "post_attention_norm.weight",
    "post_ffw_norm.weight"};
constexpr std::array kKeys = {"block_count",
                              "context_length",
                              "embedding_length",
                              "feed_forward_length",
                              "attention.head_count",
                              "attention.head_count_kv",
                              "attention.key_length",
                              "attention.sliding_window",
                              "attention.sliding_window_pattern",
                              "expert_count",
                              "expert_used_count",
                              "rope.dimension_count",
                              "rope.freq_base",
                              "rope.scaling.type",
                              "rope.scaling.factor",
                              "rope.scaling.original_context_length",
                              "attention.layer_norm_rms_epsilon",
                              "attention.layer_norm_epsilon"};

struct Tiny {
  ModelFile file;
  std::array<float, 64> numbers{};

  void add(const std::string& name) {
    const bool vector = name.find("norm") != std::string::npos;
    Tensor tensor{name, DType::F32, {8, 8}, {}};
    if (vector) tensor.shape = {8};
    tensor.bytes = std::as_bytes(std::span(numbers)).first(vector ? 32 : 256);
    file.tensors.push_back(std::move(tensor));
  }
};

void run(Tiny& tiny) {
  std::ranges::sort(tiny.file.tensors, {}, &Tensor::name);
  const auto model = llm::describe_model(std::make_shared<const ModelFile>(tiny.file));
  if (!model) return;
  llm::reference_logits(*model, std::array<TokenId, 3>{1, 2, 3});
}

void run_config(nlohmann::json config) {
  Tiny tiny;
  tiny.file.format = ModelFormat::hugging_face;
  tiny.file.config = std::move(config);
  for (const char* name : kNames) tiny.add("model.layers.0." + std::string(name));
  tiny.add("model.embed_tokens.weight");
  tiny.add("model.norm.weight");
  run(tiny);
}

MetaValue value_of(uint8_t choice) {
  switch (choice >> 4) {
    case 0:
      return uint64_t{choice};
    case 1:
      return uint64_t{8};
    case 2:
      return uint64_t{1} << (choice % 16 * 4);
    case 3:
      return int64_t{8} - choice % 16;
    case 4:
      return 1e5 * (choice % 16);
    case 5:
      return 1.0 / (choice % 16);
    case 6:
      return std::string_view(choice % 2 == 0 ? "yarn" : "linear");
    case 7:
      return std::vector<uint64_t>(choice % 4, 8);
    case 8:
      return std::vector<bool>(choice % 4, true);
    default:
      return uint64_t{1};
  }
}

void run_metadata(const uint8_t* data, size_t size) {
  if (size == 0) return;
  const auto families = llm::family_table();
  const std::string_view architecture = families[data[0] % families.size()].gguf[0];
  Tiny tiny;
  tiny.file.metadata["general.architecture"] = architecture;
  const std::string prefix = std::string(architecture) + ".";
  for (const char* key : kKeys) tiny.file.metadata[prefix + key] = uint64_t{8};
  tiny.file.metadata[prefix + "block_count"] = uint64_t{1};
  tiny.file.metadata[prefix + "attention.head_count"] = uint64_t{1};
  tiny.file.metadata[prefix + "attention.head_count_kv"] = uint64_t{1};
  tiny.file.metadata[prefix + "attention.layer_norm_rms_epsilon"] = 1e-5;
  tiny.file.metadata[prefix + "rope.scaling.type"] = std::string_view("none");
  tiny.file.metadata.erase(prefix + "expert_count");
  for (size_t i = 1; i + 1 < size; i += 2)
    tiny.file.metadata[prefix + kKeys[data[i] % kKeys.size()]] = value_of(data[i + 1]);
  for (const char* name : kGgufNames) tiny.add("blk.0." + std::string(name));
  tiny.add("token_embd.weight");
  tiny.add("output_norm.weight");
  run(tiny);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto config = nlohmann::json::parse(data, data + size, nullptr, false);
  if (config.is_discarded()) {
    run_metadata(data, size);
  } else {
    run_config(std::move(config));
  }
  return 0;
}
