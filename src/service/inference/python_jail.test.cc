#include "service/inference/python_jail.h"

#include <doctest/doctest.h>

namespace mill::inference {
namespace {

const std::atomic<bool> kNever{false};

llm::Jail::Ran ran(std::string source, int64_t milliseconds_max = 60'000) {
  auto it = run_jailed({.source = std::move(source), .milliseconds_max = milliseconds_max}, kNever);
  REQUIRE_MESSAGE(it.has_value(), (it ? "" : it.error().message));
  return std::move(*it);
}

}  // namespace

// Machines where no jail can be built have no server with one either.
TEST_CASE("a program sees nothing of the machine, and what it does goes with it") {
  const auto jail = PythonJail::open();
  if (!jail) {
    MESSAGE(jail.error().message);
    return;
  }
  const auto seen = ran(
      "import os, socket\n"
      "print(sorted(os.listdir('/')), os.path.exists('/etc/passwd'), os.path.exists('/proc/1'))\n"
      "open('/scratch/a', 'w').write('a')\n"
      "for path in ('/usr/a', '/a'):\n"
      "  try: open(path, 'w'); print('written')\n"
      "  except OSError: pass\n"
      "try: socket.create_connection(('127.0.0.1', 80), 1); print('connected')\n"
      "except OSError: print('alone')\n");
  CHECK(seen.ended);
  CHECK(seen.status == 0);
  CHECK(seen.output.find("'usr'] False False\nalone\n") != std::string::npos);
  CHECK(ran("import os; print(os.path.exists('/scratch/a'))").output == "False\n");
  CHECK(ran("import sys; sys.exit(3)").status == 3);
  CHECK(ran("1 / 0").complaints.find("ZeroDivisionError") != std::string::npos);
  CHECK(ran("b = bytearray(700 << 20)").complaints.find("MemoryError") != std::string::npos);
  CHECK_FALSE(ran("import time; time.sleep(600)", 300).ended);
  CHECK_FALSE(ran("while True: print('x' * 9999)").ended);
  CHECK(ran("import os, time\nif os.fork() == 0: os.setsid(); time.sleep(600)").ended);
  const std::atomic<bool> abandoned{true};
  CHECK_FALSE(run_jailed({.source = "input()", .milliseconds_max = 60'000}, abandoned)->ended);
}

}  // namespace mill::inference
