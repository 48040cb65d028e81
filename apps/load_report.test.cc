#include "apps/load_report.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace mill::apps {
namespace {

LoadFigures figures(double gap_s, uint64_t tokens) {
  LoadFigures f;
  f.started = f.finished = 10;
  f.answer_tokens = tokens;
  f.prompt_tokens = 50;
  f.seconds = 2;
  f.memory = {.start = 100 << 20, .warm = 200 << 20, .end = 202 << 20, .peak = 210 << 20};
  for (int i = 0; i < 10; ++i) {
    f.first.add(2 * gap_s);
    f.gap.add(gap_s);
  }
  return f;
}

TEST_CASE("a table shows medians, and ratios round by round") {
  const LoadReport report{.name = "16 clients",
                          .model = "m.gguf",
                          .server = "tokenmill",
                          .peer = "other",
                          .ours = {figures(0.01, 400), figures(0.01, 300), figures(0.01, 500)},
                          .theirs = {figures(0.1, 100), figures(0.1, 100), figures(0.1, 100)}};
  const std::string table = table_of(report);
  CAPTURE(table);
  for (const char* part : {"16 clients", "200.0", "50.0  4.000 (3.000–5.000)",
                           "0.100 (0.100–0.100)", "30 finished, 0 vanished, 0 failed", "+1.0 %"})
    CHECK(table.find(part) != std::string::npos);
  const auto rows = rows_of(report);
  REQUIRE(rows.size() == 6);
  CHECK(rows[0]["side"] == "ours");
  CHECK(rows[1]["side"] == "peer");
  CHECK(rows[1]["server"] == "other");
  CHECK(rows[5]["round"] == 3);
  CHECK(rows[2]["tokens_per_s"] == 150);
  CHECK(rows[2]["gap_ms_max"] == doctest::Approx(10));
  CHECK(rows[2]["rss_growth"] == doctest::Approx(0.01));
}

TEST_CASE("without a peer there is no ratio; failures are told") {
  LoadReport report;
  report.name += 'c';
  report.server += 's';
  report.ours.push_back(figures(0.01, 1));
  report.ours[0].complain(fmt::format("status {}: no room", 503));
  const std::string table = table_of(report);
  CHECK(table.find("peer") == std::string::npos);
  CHECK(table.find("failed: status 503: no room") != std::string::npos);
  CHECK(rows_of(report).size() == 1);
}

}  // namespace
}  // namespace mill::apps
