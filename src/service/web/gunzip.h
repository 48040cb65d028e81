#pragma once
// RFC 1952, for the few clients that take no gzip.

#include <string>
#include <string_view>

namespace mill::web {

// Of what tools/embed_console.py has written: one member, without optional fields.
std::string gunzipped(std::string_view);

}  // namespace mill::web
