#pragma once
// Who looks, and what he may see: an operator sees all tenants and the engine, anybody else what is
// his tenant's. Where there are no keys, everybody is an operator, and an administrator.

#include <compare>
#include <string>

#include "service/http/message.h"

namespace mill::web {

struct Viewer {
  bool all = false;
  std::string tenant = {};
  bool admin = false;  // may make models sleep, wake, come and go

  auto operator<=>(const Viewer&) const = default;
  static Viewer of(const http::Caller& caller) { return {caller.operates, caller.tenant}; }
  bool sees(const std::string& other) const { return all || other == tenant; }
};

}  // namespace mill::web
