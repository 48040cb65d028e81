#include "data/package/fit.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace mill::package {
namespace {

constexpr uint64_t kContextLeast = 1024, kContextStep = 32;

void note(Fitted& fitted, const std::string& what) {
  fitted.fit = Fit::with_less;
  fitted.why += (fitted.why.empty() ? "" : "; ") + what;
}

void fit_memory(const Profile& profile, uint64_t available, Fitted& fitted) {
  const uint64_t needed = profile.memory_fixed + profile.context * profile.memory_per_token;
  if (available == 0 || needed <= available) return;
  const uint64_t spare = available > profile.memory_fixed ? available - profile.memory_fixed : 0;
  const uint64_t context = spare / profile.memory_per_token / kContextStep * kContextStep;
  if (context >= kContextLeast) {
    fitted.context = static_cast<uint32_t>(context);
    return note(fitted, fmt::format("context {} instead of {}: {} bytes of memory are available, "
                                    "{} would be needed",
                                    context, profile.context, available, needed));
  }
  fitted.fit = Fit::incompatible;
  fitted.why = fmt::format("{} bytes of memory are needed for a context of {}, {} are available",
                           profile.memory_fixed + kContextLeast * profile.memory_per_token,
                           kContextLeast, available);
}

}  // namespace

Fitted fit(const Profile& profile, const Machine& machine) {
  Fitted fitted{.threads = profile.threads, .context = profile.context};
  if (std::find(machine.isas.begin(), machine.isas.end(), profile.isa) == machine.isas.end()) {
    fitted.fit = Fit::incompatible;
    fitted.why = fmt::format("the processor has no {}; it has {}", profile.isa,
                             fmt::join(machine.isas, ", "));
    return fitted;
  }
  if (profile.threads > machine.threads) {
    fitted.threads = machine.threads;
    note(fitted, fmt::format("threads {} instead of {}: there are no more processors",
                             machine.threads, profile.threads));
  }
  fit_memory(profile, machine.memory_bytes, fitted);
  return fitted;
}

int choose(std::span<const Fitted> all) {
  for (const Fit wanted : {Fit::compatible, Fit::with_less}) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Fitted& one) { return one.fit == wanted; });
    if (found != all.end()) return static_cast<int>(found - all.begin());
  }
  return -1;
}

}  // namespace mill::package
