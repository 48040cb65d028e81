#pragma once
// Prometheus' text format, version 0.0.4:
//   # HELP tokenmill_requests_running Requests in the engine's batch.
//   # TYPE tokenmill_requests_running gauge
//   tokenmill_requests_running{model_name="smollm2"} 3

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mill::operations {

struct Label {
  std::string_view name;
  std::string value;
};
using Labels = std::vector<Label>;

class Exposition {
 public:
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

  // What follows are samples of it. Type: "counter", "gauge", "histogram".
  void family(std::string name, std::string_view type, std::string_view help);
  void sample(const Labels&, double value);
  // counts[i]: observations of at most bounds[i] that exceed bounds[i - 1]; the last: all beyond.
  void histogram(const Labels&, std::span<const double> bounds, std::span<const uint64_t> counts,
                 double sum);

  std::string take() { return std::move(text_); }

 private:
  void line(std::string_view suffix, const Labels&, double value);

  std::string name_, text_;
};

}  // namespace mill::operations
