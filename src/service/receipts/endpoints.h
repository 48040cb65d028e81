#pragma once
// How clients come to their receipts: the header that asks for one, and GET /v1/receipts/{request}.

#include <memory>

#include "service/http/router.h"
#include "service/receipts/log.h"

namespace mill::receipts {

// Null: there are none here, which the path then says.
std::vector<http::Route> routes(const std::shared_ptr<const Log>&);

// Refuses requests that ask for a receipt where none can be had: the server keeps none, the path
// gives no answers, or the header is neither true nor false.
http::Handler checked(bool available, http::Handler inner);

}  // namespace mill::receipts
