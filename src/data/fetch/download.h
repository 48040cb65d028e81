#pragma once
// Brings one file from a URL and survives what networks and disks do. While it comes it is
// TARGET.part, with TARGET.part.etag naming the version it is part of; a cut connection, a full
// disk or Ctrl-C leave both, and the next call goes on from there (Range + If-Range). Only a file
// that is complete, and whose checksum is right, gets its name, by an atomic rename.

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace mill::fetch {

struct DownloadOptions {
  std::vector<std::string> headers;  // sent along: "Authorization: Bearer …"
  std::string digest;    // SHA-256 or git blob; empty: what the server says (X-Linked-Etag)
  int attempts_max = 5;  // connections in a row that bring nothing new
  std::chrono::milliseconds pause{500};  // before the first of them, then doubled
};

Result<void> download(const std::string& url, const std::filesystem::path& target,
                      const DownloadOptions&);

}  // namespace mill::fetch
