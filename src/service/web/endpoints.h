#pragma once
// The console's data: /v1/console/… (docs/formats/console.md), and its pages.

#include <memory>
#include <vector>

#include "service/http/router.h"
#include "service/web/feed.h"
#include "service/web/tenant_page.h"

namespace mill::web {

struct ConsoleOptions {
  Sources sources;
  Books books = {};
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
