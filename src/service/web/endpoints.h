#pragma once
// The console's data: /v1/console/… (docs/formats/console.md), and its pages.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "service/http/router.h"
#include "service/web/feed.h"
#include "service/web/tenant_page.h"

namespace mill::web {

// A model that can be loaded: what /models/load calls it.
struct Loadable {
  std::string name;
  uint64_t bytes = 0;
};

struct ConsoleOptions {
  Sources sources;
  Books books = {};
  std::function<std::vector<Loadable>()> loadable = {};  // null: this server loads nothing
  FeedOptions feed = {};
};

class Console {
 public:
  explicit Console(ConsoleOptions);

  // They may outlive it: then all is 503.
  std::vector<http::Route> routes() const;
  void close();  // ends all streams, so that a server that drains need not wait for them

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mill::web
