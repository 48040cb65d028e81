#pragma once
// `tokenmill bench serve`: a server under many clients, in turn with a peer.

#include "apps/command.h"

namespace mill::apps {

Run add_bench_serve(CLI::App& command);

}  // namespace mill::apps
