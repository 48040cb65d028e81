#pragma once
// The console's pages: what lay in web/dist when the program was built, as a table in the binary
// (tools/embed_console.py). There is no file system behind it, so a path is one of these or
// nothing.

#include <span>
#include <string_view>
#include <vector>

#include "service/http/router.h"

namespace mill::web {

struct File {
  std::string_view path;   // "index.html", "assets/index-4e5f.js"
  std::string_view type;   // "text/javascript; charset=utf-8"
  std::string_view etag;   // with its quotes
  std::string_view bytes;  // as they are, or gzipped where that is shorter
  bool gzip = false;
};

// In the order of their paths; empty where the program was built without.
std::span<const File> built_files();

// /, /console and all below it. The files outlive the routes.
std::vector<http::Route> file_routes(std::span<const File> files = built_files());

}  // namespace mill::web
