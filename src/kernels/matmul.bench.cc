// matmul on one thread: operations a second (2 a weight and row) for each format, instruction set
// and number of rows. The limits to compare with are `probe`'s.

#include <benchmark/benchmark.h>

#include <string>

#include "kernels/ops.h"
#include "kernels/test_inputs.h"

namespace mill::kernels {
namespace {

constexpr size_t kOutputs = 1024;
constexpr size_t kInputs = 2048;

struct Case {
  const Ops* ops;
  DType dtype;
  size_t rows;
};

void multiply(benchmark::State& state, const Case& c) {
  const test::TestMatrix w(c.dtype, kOutputs, kInputs, 1);
  test::TestActivations x(c.rows, kInputs, 2);
  std::vector<float> out(c.rows * kOutputs);
  c.ops->quantize(x.view, {0, c.rows});
  const Matmul op{&w.packed, &x.view, c.rows, out.data(), kOutputs, false};
  for (auto _ : state) {
    c.ops->matmul(op, {0, w.packed.panel_count()});
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["operations"] =
      benchmark::Counter(2.0 * static_cast<double>(c.rows * kOutputs * kInputs),
                         benchmark::Counter::kIsIterationInvariantRate);
}

void probe(benchmark::State& state, const Ops* ops) {
  double operations = 0.0;
  for (auto _ : state) operations += ops->int8_probe(100'000);
  state.counters["operations"] = benchmark::Counter(operations, benchmark::Counter::kIsRate);
}

const bool registered = [] {
  for (const Ops* ops : available_ops()) {
    const std::string isa(ops->name);
    benchmark::RegisterBenchmark(("int8_probe/" + isa).c_str(),
                                 [ops](auto& state) { probe(state, ops); });
    if (isa == "scalar") continue;
    for (const DType dtype :
         {DType::Q8_0, DType::Q4_0, DType::Q4_1, DType::Q4_K, DType::Q6_K, DType::BF16}) {
      for (const size_t rows : {1, 2, 3, 4, 8, 16, 32, 512}) {
        const std::string name =
            "matmul/" + isa + "/" + std::string(traits(dtype).name) + "/" + std::to_string(rows);
        benchmark::RegisterBenchmark(name.c_str(),
                                     [=](auto& state) { multiply(state, {ops, dtype, rows}); });
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace mill::kernels
