#pragma once
// `tokenmill package build`: a folder with the model's files and a manifest that lists them.

#include <string>

#include "base/error.h"

namespace mill::apps {

struct BuildOptions {
  std::string draft, model, output;
};

// The folder appears complete or not at all. What the draft leaves out of the profiles' memory is
// computed from the model.
Result<void> build_package(const BuildOptions&);

}  // namespace mill::apps
