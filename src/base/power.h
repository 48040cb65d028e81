#pragma once
// What the machine draws: a meter of joules that only ascends.
//
//  * "rapl": the processor's own counters, Running Average Power Limit (Intel SDM vol. 3, 15.10;
//    Linux' powercap): packages and, where they are apart, memory. All that runs on the machine is
//    in them, and no disk, fan or power supply. Virtual machines mostly have none.
//  * "model": what two measured numbers say, the machine's watts when idle and with all processors
//    busy: E = idle · t + (busy - idle) · c / n, with c the processor time of this process and n
//    the number of processors. It is as good as the two numbers are, and says that it is a model.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/error.h"

namespace mill {

struct PowerMeter {
  std::string source;                                   // "rapl", "model", "" = there is none
  std::function<double()> joules = [] { return 0.0; };  // since it was opened; any one thread
};

// The counters below this folder; not_found where none can be read, with the remedy.
Result<PowerMeter> rapl_meter(const std::filesystem::path& powercap = "/sys/class/powercap");

struct PowerModel {
  double idle_watts = 0, busy_watts = 0;

  static Result<PowerModel> parse(const std::string& text);  // "40,95"
};
struct PowerClocks {
  std::function<double()> wall, processor;  // seconds; of this process
};
PowerMeter modelled_meter(PowerModel, unsigned processors, PowerClocks);

// "none", "rapl", "40,95" (a model), or "" for rapl where it can be read and none else.
Result<PowerMeter> open_power_meter(const std::string& wanted);

}  // namespace mill
