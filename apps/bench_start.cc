#include "apps/bench_start.h"

#include <chrono>

#include "apps/child_process.h"

namespace mill::apps {

Result<Start> measure_start(const std::string& model, unsigned threads) {
  const auto begin = std::chrono::steady_clock::now();
  TRY_ASSIGN(Child child,
             Child::start({"/proc/self/exe", "complete", "--model", model, "--prompt",
                           "the mill turns with the river", "--max-tokens", "1", "--temperature",
                           "0", "--context", "512", "--threads", std::to_string(threads)}));
  child.read_some();  // the token, or the end of the output where the token is no text
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const ChildEnd end = child.wait();
  if (end.exit_code != 0)
    return fail(ErrorKind::unsupported, "`tokenmill complete --model {}` ended with {}", model,
                end.exit_code);
  return Start{took.count(), end.peak_memory_bytes};
}

}  // namespace mill::apps
