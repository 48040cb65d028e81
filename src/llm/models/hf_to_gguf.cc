#include "llm/models/hf_to_gguf.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/printable.h"
#include "data/hf_folder.h"
#include "data/tokenizer/gguf_vocabulary.h"
#include "llm/models/bind.h"
#include "llm/models/gguf_metadata.h"

namespace mill::llm {
namespace {

// Architectures whose GGUFs rotate neighbours: rows of Q and K change places (requantize.h).
constexpr std::array<std::string_view, 2> kInterleaved = {"llama", "smollm3"};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// How many heads' rows change places.
uint32_t interleaved_heads(const ModelConfig& c, std::string_view name) {
  if (std::ranges::find(kInterleaved, gguf_architecture(c)) == kInterleaved.end()) return 0;
  if (contains(name, ".attn_q.")) return c.heads;
  return contains(name, ".attn_k.") ? c.kv_heads : 0;
}

void add_weight(const GgufWeight& weight, const ModelConfig& c, const RequantizeOptions& options,
                ConversionJob& job) {
  Tensor whole = *weight.parts.front();
  whole.name = weight.name;
  if (contains(weight.name, "_exps."))
    whole.shape.insert(whole.shape.begin(), static_cast<int64_t>(weight.parts.size()));
  RequantizedTensor plan = plan_tensor(whole, options);
  const bool router = contains(weight.name, "ffn_gate_inp");
  if (whole.shape.size() < 2 || router) plan.to = DType::F32;
  ConversionSource source;
  source.heads = interleaved_heads(c, weight.name);
  if (source.heads != 0) source.rows = RowOrder::halves_to_neighbours;
  if (weight.name.ends_with("norm.weight")) source.offset = c.norm_weight_offset;
  for (const Tensor* part : weight.parts) source.parts.push_back(*part);
  job.add(std::move(source), std::move(plan));
}

// The divisor of each frequency, where the rule that they follow from has no keys: Llama 3's.
Result<void> add_rope_factors(const ModelDescription& model, ConversionJob& job) {
  TRY_ASSIGN(const RopeScaling rule, scaling_rule(model));
  if (rule.type != "llama3") return {};
  const std::span<const float> factors = model.config.rope_factors;
  const Tensor tensor{.name = "rope_freqs.weight",
                      .dtype = DType::F32,
                      .shape = {static_cast<int64_t>(factors.size())},
                      .bytes = std::as_bytes(factors)};
  job.add({.parts = {tensor}}, plan_tensor(tensor, {.dtype = DType::F32}));
  return {};
}

// Tensors that are rightly left behind: tables that config.json implies, a head that is a copy of
// the embedding, and what multimodal models have beside their language model.
bool left_behind(std::string_view name, const ModelConfig& c) {
  if (name.ends_with("rotary_emb.inv_freq")) return true;
  if (name.ends_with("lm_head.weight")) return c.tied_embeddings;
  for (const std::string_view part : {"vision_tower.", "multi_modal_projector."})
    if (name.starts_with(part) || name.starts_with("model." + std::string(part))) return true;
  return false;
}

// A weight that the transformer does not know would be missing in the file without a word.
Result<void> refuse_strangers(const ModelDescription& model,
                              const std::vector<GgufWeight>& weights) {
  std::set<std::string_view> known;
  for (const GgufWeight& weight : weights)
    for (const Tensor* part : weight.parts) known.insert(part->name);
  for (const Tensor& tensor : model.file->tensors)
    if (!known.contains(tensor.name) && !left_behind(tensor.name, model.config))
      return fail(ErrorKind::unsupported, "tensor {} has no place in a GGUF of architecture {}",
                  printable(tensor.name), gguf_architecture(model.config));
  return {};
}

Result<Requantized> convert(const ModelDescription& model, const std::filesystem::path& output,
                            const RequantizeOptions& options) {
  const std::vector<GgufWeight> weights = gguf_weights(model.weights, model.config);
  TRY(refuse_strangers(model, weights));
  GgufWriter writer;
  TRY(put_metadata(model, writer));
  set_file_type(options, writer);
  TRY(put_vocabulary(*model.file, model.config.vocab, writer));
  ConversionJob job;
  for (const GgufWeight& weight : weights) add_weight(weight, model.config, options, job);
  TRY(add_rope_factors(model, job));
  return write_gguf(std::move(job), std::move(writer), output, options);
}

}  // namespace

Result<Requantized> convert_hf_folder(const std::filesystem::path& folder,
                                      const std::filesystem::path& output,
                                      const RequantizeOptions& options) {
  TRY_ASSIGN(ModelFile file, open_hf_folder(folder));
  TRY_ASSIGN(const ModelDescription model,
             describe_model(std::make_shared<const ModelFile>(std::move(file))));
  auto result = convert(model, output, options);
  if (!result) return within(folder.string(), std::move(result).error());
  return result;
}

}  // namespace mill::llm
