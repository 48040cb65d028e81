#pragma once
// A recorded load to replay, a JSON object a line, by when they came:
//   {"at_ms": 0, "prompt_tokens": 812, "answer_tokens": 64}
//   {"at_ms": 35.5, "prompt_tokens": 40, "answer_tokens": 200}
// Other members are left alone, and empty lines, too.

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mill::apps {

struct TraceRow {
  double at_ms = 0;
  uint32_t prompt_tokens = 0, answer_tokens = 0;
};

// An error names the line.
Result<std::vector<TraceRow>> parse_trace(std::string_view text);
Result<std::vector<TraceRow>> read_trace(const std::filesystem::path&);

}  // namespace mill::apps
