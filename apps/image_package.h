#pragma once
// `tokenmill package image`: a container image of this program and a package.

#include <string>

#include "base/error.h"
#include "data/package/package.h"

namespace mill::apps {

struct ImageOptions {
  std::string out, tag;  // tag "": the package's name and version
};

Result<void> image_package(const package::Package&, const package::PublicKey& signer,
                           const ImageOptions&);

}  // namespace mill::apps
