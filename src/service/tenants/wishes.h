#pragma once
// What a request's headers wish of its turn:
//
//   X-Priority: -100 … 100         among the same tenant's requests; the smaller goes first [0]
//   X-Queue-Timeout: 0.001 … 86400 seconds; one that has not begun by then is refused with 503

#include "service/http/message.h"
#include "service/http/problem.h"

namespace mill::tenants {

// Into the caller, or refused by the header's name.
http::Checked<void> read_wishes(const http::Request&, http::Caller&);

}  // namespace mill::tenants
