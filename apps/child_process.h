#pragma once
// Another program, run beside this one and spoken with by lines over its standard input and output.
// Its standard error goes nowhere.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"

namespace mill::apps {

struct ChildEnd {
  int exit_code = 0;  // 128 + signal where it was killed
  size_t peak_memory_bytes = 0;
};

class Child {
 public:
  // The program is looked for on the PATH, unless its name has a slash.
  static Result<Child> start(const std::vector<std::string>& arguments);
  ~Child();  // kills it, if it still runs
  Child(Child&&) noexcept;
  Child& operator=(Child&&) = delete;

  Result<void> write_line(const std::string&);
  Result<std::string> read_line();  // without its end; an error once there is none
  std::string read_some();          // what comes first; "" once its output is closed
  ChildEnd wait();                  // closes its input first
  pid_t pid() const { return pid_; }
  bool running() const;
  // SIGTERM, and SIGKILL if it has not ended after so long.
  ChildEnd stop(std::chrono::milliseconds patience);

 private:
  Child(pid_t pid, int input, int output) : pid_(pid), input_(input), output_(output) {}
  bool fill();
  pid_t pid_;
  int input_, output_;
  std::string pending_;
};

}  // namespace mill::apps
