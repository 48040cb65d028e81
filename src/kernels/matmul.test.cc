// Every weight format × instruction set × ragged shape against the reference, and bit for bit
// against the scalar table that specifies it.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/half.h"
#include "kernels/ops.h"
#include "kernels/reference/reference.h"
#include "kernels/test_inputs.h"

namespace mill::kernels {
namespace {

struct Shape {
  size_t rows, outputs, inputs;  // inputs in blocks of 256
};
constexpr std::array kShapes = {Shape{1, 16, 1},  Shape{1, 37, 2}, Shape{2, 16, 1},
                                Shape{3, 17, 1},  Shape{9, 33, 2}, Shape{16, 48, 1},
                                Shape{17, 16, 3}, Shape{35, 1, 1}};

std::vector<float> run(const Ops& ops, const test::TestMatrix& w, test::TestActivations& x,
                       size_t rows) {
  ops.quantize(x.view, {0, rows});
  const size_t stride = w.packed.rows + 3;
  std::vector<float> out(rows * stride, -7.0F);
  const Matmul op{&w.packed, &x.view, rows, out.data(), stride, false};
  const size_t half = w.packed.panel_count() / 2;  // ranges join without a seam
  ops.matmul(op, {0, half});
  ops.matmul(op, {half, w.packed.panel_count()});
  return out;
}

// What the op defines: the dot product with the activations as they were quantised.
double expected(const test::TestMatrix& w, const test::TestActivations& x, size_t row, size_t n) {
  const size_t cols = w.packed.cols;
  std::vector<float> kept(cols);
  for (size_t k = 0; k < cols; ++k) {
    const size_t at = row * cols + k;
    if (w.packed.dtype == DType::BF16)
      kept[k] = bf16_to_f32(x.halves[row * x.view.half_stride() + k]);
    else if (packed_layout(w.packed.dtype).bits >= 16)
      kept[k] = x.values[at];
    else
      kept[k] =
          x.scale[at / kBlock] * static_cast<float>(x.quants[row * x.view.quant_stride() + k]);
  }
  return reference::dot({w.values.data() + n * cols, cols}, kept);
}

void check(const DTypeTraits& type, const Shape& shape) {
  const size_t cols = shape.inputs * 256;
  const test::TestMatrix w(type.dtype, shape.outputs, cols, 1);
  test::TestActivations x(shape.rows, cols, 2);
  for (const Ops* ops : available_ops().first(2)) {  // the scalar ones
    const std::vector<float> out = run(*ops, w, x, shape.rows);
    const size_t stride = shape.outputs + 3;
    for (size_t r = 0; r < shape.rows; ++r) {
      for (size_t n = 0; n < shape.outputs; ++n)
        CHECK(out[r * stride + n] == doctest::Approx(expected(w, x, r, n)).epsilon(2e-5).scale(1));
      for (size_t n = shape.outputs; n < stride; ++n) CHECK(out[r * stride + n] == -7.0F);
    }
  }
  for (const Ops* ops : available_ops()) {
    INFO(type.name, " on ", ops->name, ", rows ", shape.rows, ", outputs ", shape.outputs);
    CHECK(run(*ops, w, x, shape.rows) == run(specification(*ops), w, x, shape.rows));
  }
}

}  // namespace

TEST_CASE("matmul: every format, every instruction set, the same bits") {
  for (const DTypeTraits& type : dtype_table()) {
    for (const Shape& shape : kShapes) check(type, shape);
  }
}

TEST_CASE("matmul: a row alone is the row in a batch, and add adds") {
  const test::TestMatrix w(DType::Q4_K, 40, 512, 3);
  test::TestActivations x(21, 512, 4);
  for (const Ops* ops : available_ops()) {
    const std::vector<float> together = run(*ops, w, x, 21);
    for (size_t r = 0; r < 21; ++r) {
      test::TestActivations alone(1, 512, 5);
      std::copy_n(x.values.data() + r * 512, 512, alone.values.data());
      const std::vector<float> one = run(*ops, w, alone, 1);
      CHECK(
          std::equal(one.begin(), one.begin() + 40, together.begin() + static_cast<long>(r * 43)));
    }
    std::vector<float> sum = together;
    ops->matmul({&w.packed, &x.view, 21, sum.data(), 43, true}, {0, w.packed.panel_count()});
    for (size_t r = 0; r < 21; ++r) {
      for (size_t n = 0; n < 40; ++n) CHECK(sum[r * 43 + n] == 2 * together[r * 43 + n]);
    }
  }
}

TEST_CASE("matmul: BF16 rows of any length, and numbers too small to count") {
  for (const size_t cols : {1U, 31U, 40U, 577U}) {
    const test::TestMatrix w(DType::BF16, 33, cols, 8);
    test::TestActivations x(37, cols, 9);
    x.view.quants = nullptr;
    x.values[0] = 1e-20F;
    for (const Ops* ops : available_ops()) {
      const std::vector<float> out = run(*ops, w, x, 37);
      CHECK(x.halves[0] == 0);
      CHECK(out[36 + 3] == doctest::Approx(expected(w, x, 1, 3)).epsilon(2e-5).scale(1));
      CHECK(out == run(specification(*ops), w, x, 37));
    }
  }
}

TEST_CASE("matmul: extreme activations keep the integer sums exact") {
  for (const DType dtype : {DType::Q8_0, DType::IQ4_NL, DType::Q6_K, DType::MXFP4}) {
    const test::TestMatrix w(dtype, 16, 256, 6);
    test::TestActivations x(4, 256, 7);
    for (size_t i = 0; i < 4 * 256; ++i) x.values[i] = i % 3 == 0 ? -1.0F : 1.0F;
    x.values[300] = std::numeric_limits<float>::quiet_NaN();
    x.values[600] = 1e-35F;
    const std::vector<float> scalar = run(*available_ops()[0], w, x, 4);
    for (const Ops* ops : available_ops()) {
      const std::vector<float> other = run(*ops, w, x, 4);
      for (size_t i = 0; i < scalar.size(); ++i) {
        const bool same = std::memcmp(&scalar[i], &other[i], 4) == 0 ||
                          (std::isnan(scalar[i]) && std::isnan(other[i]));
        CHECK(same);
      }
    }
    const size_t stride = scalar.size() / 4;
    CHECK(std::isnan(scalar[stride]));  // the row that has a NaN says so
    CHECK_FALSE(std::isnan(scalar[0]));
  }
}

TEST_CASE("matmul: the largest weights and activations keep the integer sums exact") {
  for (const DTypeTraits& type : dtype_table()) {
    if (type.block_values == 1) continue;
    CAPTURE(std::string(type.name));
    for (const float sign : {1.0F, -1.0F}) {  // of all but one weight of a block
      std::vector<float> source(size_t{16} * 256);
      for (size_t i = 0; i < source.size(); ++i) source[i] = sign * (i % 32 == 0 ? -1.0F : 0.98F);
      const test::TestMatrix w(type.dtype, 16, 256, source);
      test::TestActivations x(4, 256, 7);
      for (size_t i = 0; i < 4UL * 256; ++i) x.values[i] = i / 256 % 2 == 0 ? -1.0F : 1.0F;
      const std::vector<float> scalar = run(*available_ops()[0], w, x, 4);
      CHECK(scalar[0] == doctest::Approx(expected(w, x, 0, 0)).epsilon(1e-3));
      for (const Ops* ops : available_ops()) CHECK(run(*ops, w, x, 4) == scalar);
    }
  }
}

}  // namespace mill::kernels
