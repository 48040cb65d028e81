#include "apps/quantize_auto.h"

#include <fmt/core.h>

#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>

#include "base/printable.h"
#include "data/tokenizer/tokenizer.h"
#include "llm/tune/own_text.h"

namespace mill::apps {
namespace {

using llm::TrialModel;

constexpr uint32_t kWindowTokens = 512;

Result<double> parse_budget(const std::string& text) {
  double bits = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, bits);
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  if (error == std::errc() && (unit.empty() || unit == "bpw") && bits > 0 && bits <= 32)
    return bits;
  return fail(ErrorKind::invalid, "--budget '{}': write the bits for each weight like 4.5bpw",
              text);
}

// Windows from all over the text, each beginning as the model's texts begin.
Result<TrialModel::Windows> windows_of(const std::string& path, const Tokenizer& tokenizer,
                                       uint32_t count) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::io, "{} cannot be read", path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::vector<TokenId> tokens = tokenizer.encode(text, {.parse_special = false});
  const size_t room = tokens.size() / kWindowTokens;
  if (room == 0)
    return fail(ErrorKind::invalid,
                "{} has {} tokens, fewer than one window of {}; give a longer text, or none: then "
                "the model writes one itself",
                path, tokens.size(), kWindowTokens);
  TrialModel::Windows windows;
  for (size_t w = 0; w < std::min<size_t>(count, room); ++w) {
    const auto begin = tokens.begin() + static_cast<ptrdiff_t>(w * room / count * kWindowTokens);
    auto& window = windows.emplace_back(begin, begin + kWindowTokens);
    if (tokens[0] == tokenizer.bos()) window[0] = tokenizer.bos();
  }
  return windows;
}

Result<TrialModel::Windows> windows_for(const llm::ModelDescription& model,
                                        const AutoOptions& options) {
  TRY_ASSIGN(const Tokenizer tokenizer, Tokenizer::open(*model.file));
  if (!options.calibration.empty())
    return windows_of(options.calibration, tokenizer, options.windows);
  const std::vector<TokenId> empty = tokenizer.encode("\n", {.parse_special = false});
  const TokenId first = tokenizer.bos() >= 0 ? tokenizer.bos() : empty.at(0);
  return llm::own_text(model,
                       {.first = first, .windows = options.windows, .tokens = kWindowTokens});
}

class Progress {
 public:
  void operator()(const llm::TunableMatrix& matrix, double done) const {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
    const auto left = static_cast<int>(done > 0.01 ? spent.count() * (1 - done) / done : 0);
    const std::string time = left > 0 ? fmt::format("{}:{:02} left", left / 60, left % 60) : "";
    fmt::print(stderr, "\r{:3.0f} %  {:<28} {:<16}", 100 * done, printable(matrix.name), time);
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

double bits_of(const llm::TunedMatrix& matrix, size_t format) {
  return 8 * static_cast<double>(matrix.formats[format].bytes) / static_cast<double>(matrix.values);
}

}  // namespace

Result<llm::TunedModel> tune_model(const std::string& input, const AutoOptions& options) {
  llm::TuneOptions how;
  TRY_ASSIGN(how.bits_per_weight, parse_budget(options.budget));
  TRY_ASSIGN(ModelFile opened, open_model_file(input));
  TRY_ASSIGN(const llm::ModelDescription model,
             llm::describe_model(std::make_shared<const ModelFile>(std::move(opened))));
  TRY_ASSIGN(how.windows, windows_for(model, options));
  how.progress = Progress();
  auto tuned = llm::choose_formats(model, how);
  fmt::print(stderr, "\r{:<72}\r", "");
  return tuned;
}

void print_tuned(const llm::TunedModel& model) {
  fmt::print("{:<28} {:>10}  {:<7} {:>5}  {:>9}  formats tried: KL x 10^6\n", "matrix", "weights",
             "format", "bits", "KL");
  for (const llm::TunedMatrix& matrix : model.matrices) {
    const llm::TunedFormat& got = matrix.formats[matrix.chosen];
    fmt::print("{:<28} {:>10}  {:<7} {:>5.2f}  {:>9.6f} ", printable(matrix.name), matrix.values,
               traits(got.dtype).name, bits_of(matrix, matrix.chosen), got.damage);
    for (const llm::TunedFormat& format : matrix.formats)
      fmt::print(" {}:{:.0f}", traits(format.dtype).name, 1e6 * format.damage);
    fmt::print("\n");
  }
}

nlohmann::json tuned_json(const llm::TunedModel& model) {
  auto list = nlohmann::json::array();
  for (const llm::TunedMatrix& matrix : model.matrices) {
    auto formats = nlohmann::json::array();
    for (const llm::TunedFormat& format : matrix.formats)
      formats.push_back({{"type", traits(format.dtype).name},
                         {"bytes", format.bytes},
                         {"error", format.error},
                         {"measured", format.measured},
                         {"kl", format.damage}});
    list.push_back({{"tensor", matrix.name},
                    {"type", traits(matrix.formats[matrix.chosen].dtype).name},
                    {"values", matrix.values},
                    {"tried", formats}});
  }
  return list;
}

}  // namespace mill::apps
