#include "kernels/limits_bf16.h"

#include <cpuid.h>

#include <cstdint>

#ifndef __clang__
// g++ 12 takes the "undefined" sources inside its own AVX-512 intrinsics for our mistake (PR
// 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

namespace mill::kernels {
namespace {

// Twelve independent sums hide the latency of the instruction.
__attribute__((target("avx512f,avx512bf16"))) double vector_probe(size_t rounds) {
  __m512i numbers = _mm512_set1_epi16(0x3C00);
  asm volatile("" : "+v"(numbers));  // the compiler knows their values no more
  const auto w = reinterpret_cast<__m512bh>(numbers);
  __m512 sums[12];
#pragma GCC unroll 12
  for (int i = 0; i < 12; ++i) sums[i] = _mm512_set1_ps(static_cast<float>(i));
  for (size_t n = 0; n < rounds; ++n) {
#pragma GCC unroll 12
    for (__m512& sum : sums) sum = _mm512_dpbf16_ps(sum, w, w);
  }
  __m512 total = sums[0];
#pragma GCC unroll 12
  for (int i = 1; i < 12; ++i) total = _mm512_add_ps(total, sums[i]);
  asm volatile("" : : "m"(total) : "memory");
  return static_cast<double>(rounds) * 12 * 32 * 2;
}

// Intel's manual, volume 1, section 18.3: what LDTILECFG reads.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16};
};

// Four sums of whole tiles, (16, 16) from (16, 32) and (32, 16).
__attribute__((target("amx-tile,amx-bf16"))) double tile_probe(size_t rounds) {
  alignas(64) static const uint16_t numbers[16 * 32] = {0x3C00, 0xBC00};
  const TileConfig config;
  asm volatile("ldtilecfg %0" : : "m"(config));
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, numbers, 64);
  _tile_loadd(5, numbers, 64);
  for (size_t n = 0; n < rounds; ++n) {
    _tile_dpbf16ps(0, 4, 5);
    _tile_dpbf16ps(1, 4, 5);
    _tile_dpbf16ps(2, 4, 5);
    _tile_dpbf16ps(3, 4, 5);
  }
  _tile_release();
  return static_cast<double>(rounds) * 4 * 16 * 16 * 32 * 2;
}

bool has_tiles_of_bf16() {
  constexpr unsigned kAmxBf16 = 1U << 22;  // CPUID leaf 7, EDX
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kAmxBf16) != 0;
}

}  // namespace

Probe bf16_probe(const Ops& ops) {
  if (ops.name == "amx" && has_tiles_of_bf16()) return tile_probe;
  const bool wide = ops.name == "amx" || ops.name.starts_with("avx512");
  return wide && __builtin_cpu_supports("avx512bf16") ? vector_probe : nullptr;
}

}  // namespace mill::kernels
