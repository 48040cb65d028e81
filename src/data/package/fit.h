#pragma once
// Which of a package's profiles a machine can run (docs/formats/package.md, "Choosing a profile").

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/package/manifest.h"

namespace mill::package {

struct Machine {
  std::vector<std::string> isas;  // that run here
  uint32_t threads = 1;
  uint64_t memory_bytes = 0;  // available; 0 = not known
};

enum class Fit : uint8_t { compatible, with_less, incompatible };

struct Fitted {
  Fit fit = Fit::compatible;
  std::string why = {};  // "context 2048 instead of 8192: …"; "" where compatible
  uint32_t threads = 0, context = 0;
};

Fitted fit(const Profile&, const Machine&);

// The first that is compatible, else the first that is with less; -1 = none.
int choose(std::span<const Fitted>);

}  // namespace mill::package
