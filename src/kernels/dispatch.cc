#include <cpuid.h>
#include <fmt/ranges.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/isa/isa.h"

namespace mill::kernels {
namespace {

struct Isa {
  const Ops& (*ops)();
  bool (*runs_here)();
};

bool always() { return true; }
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
}
bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}
bool has_avx512_bf16() { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }
// The tiles' 8 KiB of state must be asked for, once and before any thread uses them (Linux,
// arch/x86/kernel/fpu/xstate.c).
bool has_amx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!has_avx512() || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  constexpr unsigned kAmxBf16 = 1U << 22, kAmxTile = 1U << 24, kAmxInt8 = 1U << 25;
  constexpr unsigned kAll = kAmxBf16 | kAmxTile | kAmxInt8;
  if ((d & kAll) != kAll) return false;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

// The last one that runs here is chosen.
constexpr std::array kIsas = {
    Isa{scalar_ops, always},     Isa{scalar_pairs_ops, always},         Isa{avx2_ops, has_avx2},
    Isa{avx512_ops, has_avx512}, Isa{avx512_bf16_ops, has_avx512_bf16}, Isa{amx_ops, has_amx},
};

}  // namespace

// A memory that delivers 17 GB/s to a core after 120 ns has 2 KB on the way, and some slack is
// needed for what else the core does (measured on Sapphire Rapids). Zen 4's own prefetchers bring
// all that its memory gives to a single row, and ours only disturb them; beside the arithmetic of
// several rows they fall behind (Q6_K, 4 rows: 13 GB/s alone, 24 with help).
size_t weights_ahead(size_t rows) {
  static const bool amd = __builtin_cpu_is("amd");
  if (amd) return rows == 1 ? 0 : 8192;
  return 6144;
}

std::span<const Ops* const> available_ops() {
  static const std::vector<const Ops*> found = [] {
    std::vector<const Ops*> ops;
    for (const Isa& isa : kIsas) {
      if (isa.runs_here()) ops.push_back(&isa.ops());
    }
    return ops;
  }();
  return found;
}

const Ops& specification(const Ops& ops) {
  return ops.bf16_pairs ? scalar_pairs_ops() : scalar_ops();
}

Result<const Ops*> choose_ops() {
  const auto available = available_ops();
  const char* wanted = std::getenv("TOKENMILL_ISA");
  if (wanted == nullptr || *wanted == '\0') return available.back();
  std::vector<std::string_view> names;
  for (const Ops* ops : available) {
    if (ops->name == wanted) return ops;
    names.push_back(ops->name);
  }
  return fail(ErrorKind::unsupported, "TOKENMILL_ISA={}: this processor runs {}; set one of them",
              wanted, fmt::join(names, ", "));
}

}  // namespace mill::kernels
