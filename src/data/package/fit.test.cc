#include "data/package/fit.h"

#include <doctest/doctest.h>

namespace mill::package {
namespace {

Profile profile(const char* isa, uint32_t threads, uint32_t context) {
  return {.name = "p",
          .model = "m",
          .isa = isa,
          .kv_format = "f16",
          .threads = threads,
          .context = context,
          .memory_fixed = 1000,
          .memory_per_token = 10};
}

const Machine kMachine{.isas = {"scalar", "avx2"}, .threads = 4, .memory_bytes = 41'960};

}  // namespace

TEST_CASE("a profile is compatible to its last byte and processor") {
  CHECK(fit(profile("avx2", 4, 4096), kMachine).fit == Fit::compatible);
  CHECK(fit(profile("scalar", 0, 4096), kMachine).fit == Fit::compatible);
}

TEST_CASE("with less says which setting") {
  const Fitted threads = fit(profile("avx2", 5, 4096), kMachine);
  CHECK(threads.fit == Fit::with_less);
  CHECK(threads.threads == 4);
  CHECK(threads.why == "threads 4 instead of 5: there are no more processors");
  const Fitted context = fit(profile("avx2", 8, 4128), kMachine);
  CHECK(context.context == 4096);
  CHECK(context.why.contains("threads 4 instead of 8"));
  CHECK(context.why.contains("context 4096 instead of 4128"));
}

TEST_CASE("incompatible says why") {
  CHECK(fit(profile("amx", 1, 4096), kMachine).why ==
        "the processor has no amx; it has scalar, avx2");
  const Machine little{.isas = {"avx2"}, .threads = 4, .memory_bytes = 1000 + 10'239};
  const Fitted memory = fit(profile("avx2", 8, 4096), little);
  CHECK(memory.fit == Fit::incompatible);
  CHECK(memory.why.contains("11240 bytes of memory are needed"));
}

TEST_CASE("the first compatible one is taken, else the first with less") {
  const Fitted good{.fit = Fit::compatible}, less{.fit = Fit::with_less},
      bad{.fit = Fit::incompatible};
  CHECK(choose(std::vector{bad, less, good, good}) == 2);
  CHECK(choose(std::vector{bad, less, bad, less}) == 1);
  CHECK(choose(std::vector{bad}) == -1);
}

}  // namespace mill::package
