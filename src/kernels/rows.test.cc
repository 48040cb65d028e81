// Ops on rows: against the reference within rounding, and bit for bit alike on every instruction
// set.

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <functional>

#include "kernels/ops.h"
#include "kernels/reference/reference.h"
#include "kernels/test_inputs.h"

namespace mill::kernels {
namespace {

constexpr std::array<size_t, 9> kLengths = {1, 3, 15, 16, 17, 31, 64, 100, 577};

// Runs `body` on every instruction set and length; all must give the scalar table's bits.
void same_everywhere(const std::function<std::vector<float>(const Ops&, size_t)>& body) {
  for (size_t n : kLengths) {
    const std::vector<float> scalar = body(*available_ops()[0], n);
    for (const Ops* ops : available_ops()) {
      INFO(ops->name, ", n = ", n);
      const std::vector<float> other = body(*ops, n);
      CHECK(std::memcmp(scalar.data(), other.data(), scalar.size() * sizeof(float)) == 0);
    }
  }
}

void near(std::span<const float> got, std::span<const double> expected, double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    CHECK(std::fabs(got[i] - expected[i]) <= tolerance * (1 + std::fabs(expected[i])));
}

}  // namespace

TEST_CASE("norms") {
  same_everywhere([](const Ops& ops, size_t n) {
    const auto x = test::normals(n, 1), weight = test::normals(n, 2), bias = test::normals(n, 3);
    std::vector<float> rms(n), layer(n);
    ops.rms_norm({weight.data(), nullptr, 1e-5F, n}, x.data(), rms.data());
    near(rms, reference::rms_norm(x, weight, 1e-5), 1e-5);
    ops.layer_norm({weight.data(), bias.data(), 1e-5F, n}, x.data(), layer.data());
    if (n > 1) near(layer, reference::layer_norm(x, weight, bias, 1e-5), 2e-5);
    rms.insert(rms.end(), layer.begin(), layer.end());
    return rms;
  });
}

TEST_CASE("activations of the MLP, in place as well") {
  same_everywhere([](const Ops& ops, size_t n) {
    const auto gate = test::normals(n, 4, 4.0F), up = test::normals(n, 5);
    std::vector<float> silu(n), gelu(gate), relu(n);
    std::vector<double> silu_expected, gelu_expected, relu_expected;
    for (size_t i = 0; i < n; ++i) {
      silu_expected.push_back(reference::silu(gate[i]) * up[i]);
      gelu_expected.push_back(reference::gelu_tanh(gate[i]) * up[i]);
      relu_expected.push_back(gate[i] > 0 ? static_cast<double>(gate[i]) * gate[i] : 0.0);
    }
    ops.silu_mul(gate.data(), up.data(), silu.data(), n);
    ops.gelu_mul(gelu.data(), up.data(), gelu.data(), n);
    ops.relu_squared(gate.data(), relu.data(), n);
    near(silu, silu_expected, 1e-5);
    near(gelu, gelu_expected, 1e-5);
    near(relu, relu_expected, 1e-6);
    silu.insert(silu.end(), gelu.begin(), gelu.end());
    return silu;
  });
}

TEST_CASE("the activations stay finite far out") {
  const std::vector<float> far = {-1e30F, -200.0F, -90.0F, 90.0F, 200.0F};
  const std::vector<float> ones(far.size(), 1.0F);
  for (const Ops* ops : available_ops()) {
    std::vector<float> silu(far.size()), gelu(far.size());
    ops->silu_mul(far.data(), ones.data(), silu.data(), far.size());
    ops->gelu_mul(far.data(), ones.data(), gelu.data(), far.size());
    for (size_t i = 0; i < far.size(); ++i) {
      CHECK(std::isfinite(silu[i]));
      if (far[i] > -1e10F) CHECK(std::isfinite(gelu[i]));
      if (far[i] > 0) CHECK(silu[i] == doctest::Approx(far[i]));
    }
  }
}

TEST_CASE("softmax sums to one and keeps the order") {
  same_everywhere([](const Ops& ops, size_t n) {
    std::vector<float> x = test::normals(n, 6, 5.0F);
    const std::vector<double> expected = reference::softmax(x);
    ops.softmax(x.data(), n);
    near(x, expected, 1e-6);
    return x;
  });
}

TEST_CASE("rope turns each pair by its angle") {
  same_everywhere([](const Ops& ops, size_t n) {
    std::vector<float> head = test::normals(2 * n, 7), cos(n), sin(n);
    std::vector<double> expected(2 * n);
    for (size_t i = 0; i < n; ++i) {
      const double angle = 0.37 * static_cast<double>(i);
      cos[i] = static_cast<float>(std::cos(angle));
      sin[i] = static_cast<float>(std::sin(angle));
      expected[i] = head[i] * std::cos(angle) - head[n + i] * std::sin(angle);
      expected[n + i] = head[i] * std::sin(angle) + head[n + i] * std::cos(angle);
    }
    ops.rope(head.data(), cos.data(), sin.data(), n);
    near(head, expected, 1e-6);
    return head;
  });
}

TEST_CASE("add, axpy and scale") {
  same_everywhere([](const Ops& ops, size_t n) {
    const auto x = test::normals(n, 8);
    std::vector<float> y = test::normals(n, 9);
    std::vector<double> expected;
    for (size_t i = 0; i < n; ++i) expected.push_back((y[i] + x[i] + 0.5 * x[i]) * 3.0);
    ops.add(x.data(), y.data(), n);
    ops.axpy(0.5F, x.data(), y.data(), n);
    ops.scale(3.0F, y.data(), n);
    near(y, expected, 1e-5);
    return y;
  });
}

TEST_CASE("the processor's best table is the default, and a wrong wish lists what there is") {
  unsetenv("TOKENMILL_ISA");
  CHECK(choose_ops().value() == available_ops().back());
  setenv("TOKENMILL_ISA", "scalar", 1);
  CHECK(choose_ops().value()->name == "scalar");
  setenv("TOKENMILL_ISA", "mmx", 1);
  const auto refused = choose_ops();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("scalar") != std::string::npos);
  unsetenv("TOKENMILL_ISA");
}

}  // namespace mill::kernels
