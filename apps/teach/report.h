#pragma once
// The curves of a training as one HTML file without anything from elsewhere.

#include <nlohmann/json.hpp>
#include <span>
#include <string>

namespace mill::apps {

// `steps` are the lines of losses.jsonl (run_folder.h).
std::string teaching_report(std::span<const nlohmann::json> steps);

}  // namespace mill::apps
