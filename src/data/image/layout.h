#pragma once
// A container image as files (the OCI image layout, version 1.0.0), which podman, docker, umoci,
// skopeo, containerd and CRI-O read:
//
//   oci-layout               {"imageLayoutVersion": "1.0.0"}
//   index.json               which manifest, and what it is called
//   blobs/sha256/<digest>    the manifest, the config, the layers: named by what is in them
//
// The manifest names the config and the layers by digest; so its own digest stands for all, and is
// the same for the same content: no clock is read, and every order is fixed.

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/image/layer.h"

namespace mill::image {

struct Config {
  std::string user, folder;  // "65532:65532"; the working folder
  std::vector<std::string> entry_point, environment, ports, health_check;
  std::map<std::string, std::string> labels;
};

struct Image {
  std::string tag;           // NAME or NAME:VERSION
  std::string architecture;  // as Go calls it: amd64, arm64
  Config config;
  std::vector<std::pair<std::string, Layer>> layers;  // what each is for, the lowest first
};

// A name that registries take: lower-case words, joined by '.', '_', '-', and by '/' into a path;
// behind a ':' a version.
Result<void> check_tag(const std::string&);

using Told = std::function<void(uint64_t done, uint64_t total)>;  // bytes written

// Into a folder, or into one tar where the name ends in ".tar" (what `podman load` and
// `docker load` read). It appears complete or not at all; the value is the manifest's SHA-256.
Result<std::string> write_image(const Image&, const std::filesystem::path& out, const Told&);

}  // namespace mill::image
