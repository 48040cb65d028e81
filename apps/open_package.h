#pragma once
// From a package to the options that run its model: verified, fitted to this machine, explained.

#include <filesystem>
#include <string>
#include <vector>

#include "apps/open_engine.h"
#include "base/error.h"
#include "data/package/fit.h"
#include "data/package/package.h"

namespace mill::apps {

package::Machine this_machine();

// `trust` is the path of a public key, or its base64.
Result<package::PublicKey> trusted_key(const std::string& trust);

// One line for each profile, and which one is taken: `wanted`, or the best fit if it is "".
struct ProfileChoice {
  std::vector<package::Fitted> fits;  // (profiles)
  int chosen = -1;                    // -1 = none of them runs here
  std::string explained;
};
Result<ProfileChoice> choose_profile(const package::Manifest&, const package::Machine&,
                                     const std::string& wanted);

// Where options.model names a package, what its profile says takes the place of what the options
// leave open; any other model passes as it is. A package without --trust is refused, and so is
// --trust with what is no package.
Result<ModelOptions> with_package(const ModelOptions&);

}  // namespace mill::apps
