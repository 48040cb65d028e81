#include "apps/teach/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace mill::apps {
namespace {

constexpr double kWidth = 760, kHeight = 320, kLeft = 56, kBottom = 32;

struct Curve {
  const char* key;     // of a line
  const char* colour;  // CSS
  const char* label;
};
constexpr Curve kCurves[] = {{"loss", "var(--loss)", "loss of each step"},
                             {"validation", "var(--validation)", "validation loss"}};

using Points = std::vector<std::pair<double, double>>;  // (step, value)

Points points_of(std::span<const nlohmann::json> steps, const char* key) {
  Points out;
  for (const nlohmann::json& it : steps) {
    if (it.is_object() && it.contains(key) && it[key].is_number())
      out.emplace_back(it.value("step", 0.0), it[key].get<double>());
  }
  return out;
}

struct Frame {
  double step_max = 1, low = 0, high = 1;
  double x(double step) const { return kLeft + (kWidth - kLeft - 8) * step / step_max; }
  double y(double value) const {
    return 8 + (kHeight - kBottom - 8) * (high - value) / (high - low);
  }
};

Frame frame_of(const std::vector<Points>& curves) {
  Frame out{.step_max = 1, .low = 1e30, .high = -1e30};
  for (const Points& points : curves) {
    for (const auto& [step, value] : points) {
      out.step_max = std::max(out.step_max, step);
      out.low = std::min(out.low, value);
      out.high = std::max(out.high, value);
    }
  }
  if (out.high <= out.low) out = {out.step_max, out.low - 1, out.low + 1};
  return out;
}

std::string axes(const Frame& frame) {
  std::string out;
  constexpr int kTicks = 4;
  for (int i = 0; i <= kTicks; ++i) {
    const double part = static_cast<double>(i) / kTicks;
    const double value = frame.low + (frame.high - frame.low) * part;
    const double step = frame.step_max * part;
    out += fmt::format(R"(<line x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}" class="grid"/>)", kLeft,
                       kWidth - 8, frame.y(value));
    out += fmt::format(R"(<text x="{}" y="{:.1f}" class="value">{:.3g}</text>)", kLeft - 6,
                       frame.y(value) + 4, value);
    out += fmt::format(R"(<text x="{:.1f}" y="{}" class="step">{:.0f}</text>)", frame.x(step),
                       kHeight - 8, step);
  }
  return out;
}

std::string line_of(const Points& points, const Curve& curve, const Frame& frame) {
  std::string path;
  for (const auto& [step, value] : points)
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", frame.x(step), frame.y(value));
  return fmt::format(R"(<path d="{}" style="stroke:{}"><title>{}</title></path>)", path,
                     curve.colour, curve.label);
}

constexpr const char* kHead = R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>A training</title>
<style>
:root { color-scheme: light dark; --loss: #2166ac; --validation: #b2510a; --grid: #8884; }
@media (prefers-color-scheme: dark) { :root { --loss: #7db8ea; --validation: #f2a15f; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; height: auto; } path { fill: none; stroke-width: 1.5; }
.grid { stroke: var(--grid); } text { fill: currentColor; font-size: 12px; }
.value { text-anchor: end; } .step { text-anchor: middle; }
</style>
)";

}  // namespace

std::string teaching_report(std::span<const nlohmann::json> steps) {
  std::vector<Points> curves;
  for (const Curve& curve : kCurves) curves.push_back(points_of(steps, curve.key));
  const Frame frame = frame_of(curves);
  double tokens = 0;
  for (const auto& [step, count] : points_of(steps, "tokens")) tokens += count;
  std::string out = kHead;
  out += fmt::format("<h1>A training</h1>\n<p>{} steps, {:.0f} tokens.", steps.size(), tokens);
  for (size_t i = 0; i < curves.size(); ++i) {
    if (curves[i].empty()) continue;
    out += fmt::format(R"( <span style="color:{}">■</span> {}: {:.4f} at first, {:.4f} at last.)",
                       kCurves[i].colour, kCurves[i].label, curves[i].front().second,
                       curves[i].back().second);
  }
  out += fmt::format("</p>\n<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"Loss by step\">",
                     kWidth, kHeight);
  out += axes(frame);
  for (size_t i = 0; i < curves.size(); ++i) out += line_of(curves[i], kCurves[i], frame);
  return out + "</svg>\n<p>Steps from left to right, nats a token upwards.</p>\n</html>\n";
}

}  // namespace mill::apps
