#include "base/power.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/scratch_folder.h"

namespace mill {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& folder, const char* name, uint64_t microjoules, uint64_t range = 1000) {
  fs::create_directories(folder);
  std::ofstream(folder / "name") << name << '\n';
  std::ofstream(folder / "energy_uj") << microjoules << '\n';
  std::ofstream(folder / "max_energy_range_uj") << range << '\n';
}

TEST_CASE("RAPL: packages and memory are summed, their parts are not, and counters begin again") {
  const fs::path folder = test_data::empty_folder("powercap");
  CHECK(rapl_meter(folder).error().kind == ErrorKind::not_found);
  write(folder / "intel-rapl:0", "package-0", 900);
  write(folder / "intel-rapl:0:0", "core", 500);
  write(folder / "intel-rapl:0:1", "dram", 10);
  write(folder / "intel-rapl:1", "psys", 7);
  const auto meter = rapl_meter(folder);
  REQUIRE(meter.has_value());
  CHECK(meter->source == "rapl");
  CHECK(meter->joules() == 0);
  write(folder / "intel-rapl:0", "package-0", 950);
  write(folder / "intel-rapl:0:0", "core", 800);
  write(folder / "intel-rapl:0:1", "dram", 30);
  CHECK(meter->joules() == doctest::Approx(70e-6));
  write(folder / "intel-rapl:0", "package-0", 20);  // past its range of 1000
  CHECK(meter->joules() == doctest::Approx(140e-6));
  fs::remove(folder / "intel-rapl:0:1" / "energy_uj");
  CHECK(meter->joules() == doctest::Approx(140e-6));
}

TEST_CASE("the model: idle watts for the time, the rest for the processors' time") {
  double wall = 100, processor = 5;
  const PowerMeter meter = modelled_meter({.idle_watts = 40, .busy_watts = 100}, 4,
                                          {[&] { return wall; }, [&] { return processor; }});
  CHECK(meter.joules() == 0);
  wall += 10;
  CHECK(meter.joules() == doctest::Approx(400));
  processor += 40;  // four processors, all the time
  CHECK(meter.joules() == doctest::Approx(1000));
}

TEST_CASE("what is wrong with --power is told") {
  CHECK(open_power_meter("none")->source.empty());
  CHECK(open_power_meter("40,95")->source == "model");
  for (const char* wrong : {"40", "95,40", "-1,5", "a,b", "1,2,3", "nan,nan", ","}) {
    CAPTURE(wrong);
    const auto meter = open_power_meter(wrong);
    REQUIRE(!meter.has_value());
    CHECK(meter.error().message.find("IDLE,BUSY") != std::string::npos);
  }
}

}  // namespace
}  // namespace mill
