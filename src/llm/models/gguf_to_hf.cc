#include "llm/models/gguf_to_hf.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/new_file.h"
#include "base/new_folder.h"
#include "base/printable.h"
#include "data/model_file.h"
#include "data/safetensors_writer.h"
#include "data/tokenizer/hf_vocabulary.h"
#include "llm/models/bind.h"
#include "llm/models/hf_config.h"

namespace mill::llm {
namespace {

using nlohmann::json;

constexpr std::string_view kFactors = "rope_freqs.weight";  // whose rule is in config.json

std::string_view torch_name(DType dtype) {
  if (dtype == DType::F16) return "float16";
  return dtype == DType::BF16 ? "bfloat16" : "float32";
}

// Rows of Q and K go back to where rotation pairs the halves of a head.
uint32_t moved_heads(const ModelConfig& c, std::string_view name) {
  if (c.rope_pairs != RopePairs::adjacent) return 0;
  if (name.find(".q_proj.") != std::string_view::npos) return c.heads;
  return name.find(".k_proj.") != std::string_view::npos ? c.kv_heads : 0;
}

void add_weight(const HfWeight& weight, const ModelConfig& c, DType to, ConversionJob& job) {
  ConversionSource source{.parts = {*weight.tensor}};
  source.heads = moved_heads(c, weight.name);
  if (source.heads != 0) source.rows = RowOrder::neighbours_to_halves;
  if (weight.name.ends_with("norm.weight"))
    source.offset = c.norm_weight_offset - hf_norm_offset(c);
  const Tensor& tensor = *weight.tensor;
  job.add(std::move(source), {weight.name, tensor.shape, tensor.dtype, to, false});
}

// A weight that the transformer does not know would be missing in the folder without a word.
// Experts' matrices are slices of the file's tensors, so it is the bytes that are counted.
Result<void> refuse_strangers(const ModelDescription& model, const std::vector<HfWeight>& weights) {
  const auto known = [&](const Tensor& tensor) {
    const auto within = [&](const HfWeight& weight) {
      return weight.tensor->bytes.data() >= tensor.bytes.data() &&
             weight.tensor->bytes.data() < tensor.bytes.data() + tensor.bytes.size();
    };
    return tensor.name == kFactors || std::ranges::any_of(weights, within);
  };
  for (const Tensor& tensor : model.file->tensors)
    if (!known(tensor))
      return fail(ErrorKind::unsupported, "tensor {} has no place in a folder of a {}",
                  printable(tensor.name), model.config.family);
  return {};
}

Result<void> write_text(const std::filesystem::path& path, std::string_view text) {
  TRY_ASSIGN(NewFile file, NewFile::create(path));
  TRY(file.write(std::as_bytes(std::span(text))));
  return file.commit();
}

Result<void> write_json(const std::filesystem::path& path, const json& value) {
  try {
    return write_text(path, value.dump(2) + "\n");
  } catch (const json::exception& error) {  // a text that is no UTF-8
    return fail(ErrorKind::invalid, "{} cannot be written: {}", path.filename().string(),
                error.what());
  }
}

Result<void> write_settings(const std::filesystem::path& folder, json config,
                            HfVocabulary vocabulary) {
  vocabulary.settings["model_max_length"] = config["max_position_embeddings"];
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"})
    config[key] = vocabulary.generation.value(key, json());  // null: else transformers' default
  json& end = config["eos_token_id"];                        // here the one of a text, the first
  if (end.is_array()) end = json(end.front());
  TRY(write_json(folder / "config.json", config));
  TRY(write_json(folder / "generation_config.json", vocabulary.generation));
  TRY(write_json(folder / "tokenizer_config.json", vocabulary.settings));
  return write_text(folder / "tokenizer.json", vocabulary.tokenizer);
}

Result<Requantized> convert(const ModelDescription& model, const std::filesystem::path& place,
                            const RequantizeOptions& options) {
  TRY_ASSIGN(json config, hf_config(model));
  config["torch_dtype"] = torch_name(options.dtype);
  TRY_ASSIGN(HfVocabulary vocabulary, hf_vocabulary(*model.file));
  const std::vector<HfWeight> weights = hugging_face_weights(model.weights, model.config);
  TRY(refuse_strangers(model, weights));
  ConversionJob job;
  for (const HfWeight& weight : weights) add_weight(weight, model.config, options.dtype, job);
  TRY_ASSIGN(NewFolder folder, NewFolder::create(place));
  TRY(write_settings(folder.path(), std::move(config), std::move(vocabulary)));
  TRY_ASSIGN(Requantized result,
             write_safetensors(std::move(job), folder.path() / "model.safetensors", options));
  TRY(folder.commit());
  return result;
}

}  // namespace

Result<Requantized> convert_to_hf_folder(const std::filesystem::path& gguf,
                                         const std::filesystem::path& folder,
                                         const RequantizeOptions& options) {
  if (!SafetensorsWriter::writes(options.dtype))
    return fail(ErrorKind::invalid, "a Hugging Face folder holds F32, F16 or BF16, not {}",
                traits(options.dtype).name);
  TRY_ASSIGN(ModelFile file, open_model_file(gguf));
  if (file.format != ModelFormat::gguf)
    return fail(ErrorKind::invalid, "{}: is a Hugging Face folder already; name a GGUF file",
                gguf.string());
  TRY_ASSIGN(const ModelDescription model,
             describe_model(std::make_shared<const ModelFile>(std::move(file))));
  return convert(model, folder, options);
}

}  // namespace mill::llm
