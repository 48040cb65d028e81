#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/command.h"
#include "base/printable.h"
#include "data/requantize.h"
#include "llm/models/gguf_to_hf.h"
#include "llm/models/hf_to_gguf.h"

namespace mill::apps {
namespace {

struct Options {
  std::string input, output, type, to;
  bool json = false;
};

std::string type_names() {
  std::string names;
  for (const DTypeTraits& row : dtype_table())
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

void report_progress(size_t index, const std::vector<RequantizedTensor>& plan) {
  const RequantizedTensor& tensor = plan[index];
  const std::string shape = fmt::format("{}", fmt::join(tensor.shape, " x "));
  fmt::print(stderr, "[{:>4}/{}] {:<32} {:>16}  {} -> {}{}\n", index + 1, plan.size(),
             printable(tensor.name), shape, traits(tensor.from).name, traits(tensor.to).name,
             tensor.fell_back ? "  (rows do not divide into the blocks asked for)" : "");
}

nlohmann::json as_json(const Options& options, const Requantized& result) {
  auto fallbacks = nlohmann::json::array();
  for (const RequantizedTensor& tensor : result.tensors)
    if (tensor.fell_back)
      fallbacks.push_back({{"tensor", tensor.name}, {"type", traits(tensor.to).name}});
  return {{"input", options.input},
          {"output", options.output},
          {"format", options.to},
          {"type", options.type},
          {"tensors", result.tensors.size()},
          {"input_bytes", result.input_bytes},
          {"output_bytes", result.output_bytes},
          {"fallbacks", fallbacks}};
}

void report(const Options& options, const Requantized& result) {
  if (options.json) {
    fmt::print(
        "{}\n",
        as_json(options, result).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
    return;
  }
  const auto megabytes = [](uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
  const auto fell_back = std::ranges::count_if(result.tensors, &RequantizedTensor::fell_back);
  fmt::print("{}: {:.1f} MB, from {:.1f} MB; {} tensors", options.output,
             megabytes(result.output_bytes), megabytes(result.input_bytes), result.tensors.size());
  if (fell_back != 0) fmt::print(", {} of them in another type than {}", fell_back, options.type);
  fmt::print("\n");
}

// "gguf" or "hf": what --to says, or else what the output looks like.
Result<std::string> target_format(const Options& options) {
  if (options.to == "gguf" || options.to == "hf") return options.to;
  if (!options.to.empty())
    return fail(ErrorKind::invalid, "--to {} does not exist; there are gguf and hf", options.to);
  const bool folder =
      options.output.ends_with('/') || std::filesystem::is_directory(options.output);
  return folder ? "hf" : "gguf";
}

Result<Requantized> convert(const Options& options, const RequantizeOptions& how) {
  if (options.to == "hf") return llm::convert_to_hf_folder(options.input, options.output, how);
  if (std::filesystem::is_directory(options.input))
    return llm::convert_hf_folder(options.input, options.output, how);
  return requantize_gguf(options.input, options.output, how);
}

Result<void> quantize(Options options) {
  const auto dtype = dtype_named(options.type);
  if (!dtype)
    return fail(ErrorKind::invalid, "--type {} does not exist; there are {}", options.type,
                type_names());
  options.type = traits(*dtype).name;
  TRY_ASSIGN(options.to, target_format(options));
  TRY_ASSIGN(const Requantized result,
             convert(options, {.dtype = *dtype, .progress = report_progress}));
  report(options, result);
  return {};
}

}  // namespace

Run add_quantize(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command.add_option("input", options->input, "GGUF file or Hugging Face folder to read")
      ->required();
  command
      .add_option("output", options->output,
                  "GGUF file or Hugging Face folder to write; appears once complete")
      ->required();
  command.add_option("--type", options->type, "Type of the matrices: " + type_names())->required();
  command.add_option("--to", options->to,
                     "gguf or hf; by default hf where the output ends in / or is a folder");
  command.add_flag("--json", options->json, "Print one JSON object");
  command.footer(
      "Norms, biases and routers of a GGUF keep their type. A matrix whose rows do not divide into "
      "blocks of the type becomes Q8_0, or F16. Hugging Face folders, read and written: every "
      "family that we run; the vocabulary from or to tokenizer.json, byte-level BPE or "
      "SentencePiece's (Llama 2, Gemma 3). A folder holds one type, F32, F16 or BF16, and is "
      "written only where there is none yet, or an empty one.");
  return [options] { return quantize(*options); };
}

}  // namespace mill::apps
