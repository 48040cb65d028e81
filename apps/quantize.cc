#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/command.h"
#include "apps/quantize_auto.h"
#include "base/printable.h"
#include "data/requantize.h"
#include "llm/models/gguf_to_hf.h"
#include "llm/models/hf_to_gguf.h"
#include "llm/tune/mixes.h"

namespace mill::apps {
namespace {

struct QuantizeOptions {
  std::string input, output, type, to;
  AutoOptions automatic;
  bool json = false;
};

// The formats, and those of llama.cpp's mixes that are not called like one.
std::string type_names() {
  std::string names;
  for (const DTypeTraits& row : dtype_table())
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  for (const llm::Mix& mix : llm::mixes())
    if (!dtype_named(mix.name)) names += ", " + std::string(mix.name);
  return names;
}

void report_progress(size_t index, const std::vector<RequantizedTensor>& plan) {
  const RequantizedTensor& tensor = plan[index];
  const std::string shape = fmt::format("{}", fmt::join(tensor.shape, " x "));
  fmt::print(stderr, "[{:>4}/{}] {:<32} {:>16}  {} -> {}{}\n", index + 1, plan.size(),
             printable(tensor.name), shape, traits(tensor.from).name, traits(tensor.to).name,
             tensor.fell_back ? "  (rows do not divide into the blocks asked for)" : "");
}

nlohmann::json as_json(const QuantizeOptions& options, const Requantized& result) {
  auto fallbacks = nlohmann::json::array();
  for (const RequantizedTensor& tensor : result.tensors)
    if (tensor.fell_back)
      fallbacks.push_back({{"tensor", tensor.name}, {"type", traits(tensor.to).name}});
  return {{"input", options.input},
          {"output", options.output},
          {"format", options.to},
          {"type", options.type},
          {"tensors", result.tensors.size()},
          {"bits_per_weight", result.bits_per_weight()},
          {"input_bytes", result.input_bytes},
          {"output_bytes", result.output_bytes},
          {"fallbacks", fallbacks}};
}

void report(const QuantizeOptions& options, const Requantized& result,
            const llm::TunedModel& tuned) {
  if (options.json) {
    nlohmann::json out = as_json(options, result);
    if (options.automatic.wanted) out["matrices"] = tuned_json(tuned);
    fmt::print("{}\n", out.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
    return;
  }
  const auto megabytes = [](uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
  const auto fell_back = std::ranges::count_if(result.tensors, &RequantizedTensor::fell_back);
  fmt::print("{}: {:.1f} MB, from {:.1f} MB; {:.2f} bits per weight; {} tensors", options.output,
             megabytes(result.output_bytes), megabytes(result.input_bytes),
             result.bits_per_weight(), result.tensors.size());
  if (fell_back != 0) fmt::print(", {} of them in another type than {}", fell_back, options.type);
  fmt::print("\n");
}

// "gguf" or "hf": what --to says, or else what the output looks like.
Result<std::string> target_format(const QuantizeOptions& options) {
  if (options.to == "gguf" || options.to == "hf") return options.to;
  if (!options.to.empty())
    return fail(ErrorKind::invalid, "--to {} does not exist; there are gguf and hf", options.to);
  const bool folder =
      options.output.ends_with('/') || std::filesystem::is_directory(options.output);
  return folder ? "hf" : "gguf";
}

Result<Requantized> convert(const QuantizeOptions& options, const RequantizeOptions& how) {
  if (options.to == "hf") return llm::convert_to_hf_folder(options.input, options.output, how);
  if (std::filesystem::is_directory(options.input))
    return llm::convert_hf_folder(options.input, options.output, how);
  return requantize_gguf(options.input, options.output, how);
}

Result<void> set_type(QuantizeOptions& options, RequantizeOptions& how) {
  const auto dtype = dtype_named(options.type);
  const llm::Mix* mix = llm::mix_named(options.type);
  if (!dtype && mix == nullptr)
    return fail(ErrorKind::invalid, "--type {} does not exist; there are {}", options.type,
                type_names());
  options.type = dtype ? traits(*dtype).name : mix->name;
  how.dtype = dtype ? *dtype : mix->body;
  if (dtype) return {};
  how.file_type = mix->file_type;
  TRY_ASSIGN(ModelFile file, open_model_file(options.input));
  TRY_ASSIGN(const llm::ModelDescription model,
             llm::describe_model(std::make_shared<const ModelFile>(std::move(file))));
  how.formats = llm::mixed_formats(*mix, model);
  return {};
}

Result<void> quantize(QuantizeOptions options) {
  RequantizeOptions how{.progress = report_progress};
  TRY_ASSIGN(options.to, target_format(options));
  llm::TunedModel tuned;
  if (options.automatic.wanted) {
    if (options.to == "hf")
      return fail(ErrorKind::invalid, "--auto makes a GGUF; a Hugging Face folder holds one type");
    TRY_ASSIGN(tuned, tune_model(options.input, options.automatic));
    how.formats = tuned.formats;
    how.dtype = tuned.most;
    how.progress = nullptr;
    options.type = "auto";
  } else {
    TRY(set_type(options, how));
  }
  TRY_ASSIGN(const Requantized result, convert(options, how));
  if (options.automatic.wanted && !options.json) print_tuned(tuned);
  report(options, result, tuned);
  return {};
}

}  // namespace

Run add_quantize(CLI::App& command) {
  auto options = std::make_shared<QuantizeOptions>();
  command.add_option("input", options->input, "GGUF file or Hugging Face folder to read")
      ->required();
  command
      .add_option("output", options->output,
                  "GGUF file or Hugging Face folder to write; appears once complete")
      ->required();
  auto* type = command.add_option("--type", options->type, "Type of the matrices: " + type_names());
  AutoOptions& automatic = options->automatic;
  auto* chosen = command.add_flag(
      "--auto", automatic.wanted,
      "Measure what each type does to the predictions, and choose for each matrix");
  chosen->excludes(type);
  auto* budget = command.add_option("--budget", automatic.budget,
                                    "Bits for each weight that --auto may use, e.g. 4.5bpw");
  chosen->needs(budget);
  budget->needs(chosen);
  command
      .add_option("--calibration", automatic.calibration,
                  "A text for --auto to measure on; without, the model writes one itself")
      ->needs(chosen);
  command.add_option("--windows", automatic.windows, "Of 512 tokens each, of that text [2]")
      ->check(CLI::Range(1, 256))
      ->needs(chosen);
  command.add_option("--to", options->to,
                     "gguf or hf; by default hf where the output ends in / or is a folder");
  command.add_flag("--json", options->json, "Print one JSON object");
  command.footer(
      "--auto measures the damage of formats in float32 (four bytes of memory for each weight) and "
      "takes minutes for each hundred million weights: docs/quality.md. Types that end in _M are "
      "llama.cpp's mixes. Norms, biases and routers of a GGUF keep their type. A matrix whose rows "
      "do not divide into blocks of the type becomes Q8_0, or F16. Hugging Face folders, read and "
      "written: every "
      "family that we run; the vocabulary from or to tokenizer.json, byte-level BPE or "
      "SentencePiece's (Llama 2, Gemma 3). A folder holds one type, F32, F16 or BF16, and is "
      "written only where there is none yet, or an empty one.");
  return [options]() -> Result<void> {
    if (options->type.empty() && !options->automatic.wanted)
      return fail(ErrorKind::invalid, "--type is needed, or --auto with a --budget; types are {}",
                  type_names());
    return quantize(*options);
  };
}

}  // namespace mill::apps
