#pragma once
// Seeded inputs for the kernels' tests and benches.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <span>
#include <vector>

#include "data/quants.h"
#include "kernels/ops.h"

namespace mill::kernels::test {

template <class T>
struct AlignedDelete {
  void operator()(T* p) const { ::operator delete(p, std::align_val_t{64}); }
};

// Zeroed storage on a cache line, as the ops want it.
template <class T>
class Aligned {
 public:
  explicit Aligned(size_t n)
      : data_(static_cast<T*>(::operator new(n * sizeof(T) + 64, std::align_val_t{64}))), size_(n) {
    std::memset(static_cast<void*>(data_.get()), 0, n * sizeof(T) + 64);
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_.get()[i]; }
  const T& operator[](size_t i) const { return data_.get()[i]; }
  std::span<T> span() { return {data(), size_}; }

 private:
  std::unique_ptr<T, AlignedDelete<T>> data_;
  size_t size_;
};

inline std::vector<float> normals(size_t n, uint32_t seed, float deviation = 1.0F) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0.0F, deviation);
  std::vector<float> values(n);
  for (float& v : values) v = normal(engine);
  return values;
}

// A random matrix in a storage format: its file bytes, what they mean, and the packed form.
struct TestMatrix {
  TestMatrix(DType dtype, size_t rows, size_t cols, uint32_t seed)
      : TestMatrix(dtype, rows, cols, normals(rows * cols, seed, 0.05F)) {}
  TestMatrix(DType dtype, size_t rows, size_t cols, const std::vector<float>& source)
      : bytes(rows * bytes_of(dtype, cols)),
        values(rows * cols),
        panels((rows + kPanelRows - 1) / kPanelRows * packed_panel_bytes(dtype, cols)) {
    quantize(dtype, source, bytes);
    dequantize(dtype, bytes, values);
    packed = {dtype, rows, cols, panels.data(), packed_panel_bytes(dtype, cols)};
    const size_t row_bytes = bytes_of(dtype, cols);
    for (size_t panel = 0; panel < packed.panel_count(); ++panel) {
      std::array<const std::byte*, kPanelRows> pointers{};
      for (size_t i = 0; i < kPanelRows && panel * kPanelRows + i < rows; ++i)
        pointers[i] = bytes.data() + (panel * kPanelRows + i) * row_bytes;
      pack_panel(dtype, cols, pointers, panels.data() + panel * packed.panel_bytes);
    }
  }
  std::vector<std::byte> bytes;
  std::vector<float> values;
  Aligned<std::byte> panels;
  PackedMatrix packed;
};

// Random activations with room for what quantize() fills in.
struct TestActivations {
  TestActivations(size_t rows, size_t cols, uint32_t seed)
      : values(rows * cols),
        quants(rows * Activations::quant_stride_of(cols)),
        scale(rows * cols / 32 + 1),
        offset(rows * cols / 32 + 1),
        offset_half(rows * cols / 16 + 1),
        bias(rows * cols / 32 + 1),
        bias_half(rows * cols / 16 + 1),
        halves(rows * Activations::half_stride_of(cols)) {
    const std::vector<float> source = normals(rows * cols, seed);
    std::memcpy(values.data(), source.data(), source.size() * sizeof(float));
    view = {values.data(),    quants.data(),      scale.data(),  bias.data(), offset.data(),
            bias_half.data(), offset_half.data(), halves.data(), cols};
  }
  Aligned<float> values;
  Aligned<int8_t> quants;
  Aligned<float> scale, offset, offset_half;
  Aligned<int32_t> bias, bias_half;
  Aligned<uint16_t> halves;
  Activations view;
};

}  // namespace mill::kernels::test
