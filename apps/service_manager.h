#pragma once
// Tells the service manager that started this program (systemd, or what speaks as it does) how
// it is: a unit of `Type=notify` counts as started once it said so; what needs it waits till then.
//
// The protocol is one datagram to the socket that the environment's NOTIFY_SOCKET names; a name
// that begins with @ is in Linux's abstract namespace (sd_notify(3), "Notes": stable, to be written
// anew by whoever does not want the library).

#include <string>

#include "base/error.h"

namespace mill::apps {

// E.g. "READY=1". Nothing happens, and that is no error, where no manager asked for it.
Result<void> notify_service_manager(const std::string& state);

}  // namespace mill::apps
