#include "apps/load_memory.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <string>

namespace mill::apps {
namespace {

size_t status_bytes(pid_t pid, std::string_view key) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t digit = line.find_first_of("0123456789");
    size_t kilobytes = 0;
    if (digit != std::string::npos)
      std::from_chars(line.data() + digit, line.data() + line.size(), kilobytes);
    return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

size_t resident_bytes(pid_t pid) { return status_bytes(pid, "VmRSS:"); }
size_t peak_resident_bytes(pid_t pid) { return status_bytes(pid, "VmHWM:"); }

}  // namespace mill::apps
