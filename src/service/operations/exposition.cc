#include "service/operations/exposition.h"

#include <fmt/format.h>

#include <utility>

namespace mill::operations {
namespace {

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

void Exposition::family(std::string name, std::string_view type, std::string_view help) {
  name_ = std::move(name);
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name_, help, name_, type);
}

void Exposition::sample(const Labels& labels, double value) { line("", labels, value); }

void Exposition::histogram(const Labels& labels, std::span<const double> bounds,
                           std::span<const uint64_t> counts, double sum) {
  uint64_t so_far = 0;
  Labels bucket = labels;
  bucket.push_back({"le", ""});
  for (size_t i = 0; i < counts.size(); ++i) {
    so_far += counts[i];
    bucket.back().value = i < bounds.size() ? fmt::format("{}", bounds[i]) : "+Inf";
    line("_bucket", bucket, static_cast<double>(so_far));
  }
  line("_sum", labels, sum);
  line("_count", labels, static_cast<double>(so_far));
}

void Exposition::line(std::string_view suffix, const Labels& labels, double value) {
  text_ += fmt::format("{}{}", name_, suffix);
  const char* before = "{";
  for (const Label& label : labels) {
    text_ += fmt::format("{}{}=\"{}\"", before, label.name, escaped(label.value));
    before = ",";
  }
  text_ += fmt::format("{} {}\n", labels.empty() ? "" : "}", value);
}

}  // namespace mill::operations
