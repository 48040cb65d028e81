#include "apps/load_idle.h"

#include <boost/asio/buffer.hpp>

namespace mill::apps {
namespace asio = boost::asio;
using Code = boost::system::error_code;

Result<void> IdleConnections::open(const asio::ip::tcp::endpoint& endpoint, uint32_t count) {
  endpoint_ = endpoint;
  for (uint32_t i = 0; i < count; ++i) {
    auto& idle = *all_.emplace_back(std::make_unique<Idle>(context_));
    Code error;
    idle.socket.connect(endpoint_, error);
    if (error)
      return fail(ErrorKind::exhausted,
                  "the idle connection {} of {} failed: {}; allow the server more connections, and "
                  "both more open files (ulimit -n)",
                  i + 1, count, error.message());
    wait(idle);
  }
  return {};
}

void IdleConnections::wait(Idle& idle) {
  idle.socket.async_read_some(asio::buffer(idle.nothing), [this, &idle](Code error, size_t) {
    Code ignored;
    error ? void(idle.socket.close(ignored)) : wait(idle);
  });
}

void IdleConnections::reopen_closed() {
  for (auto& idle : all_) {
    if (idle->socket.is_open() || idle->connecting) continue;
    ++reopened_;
    idle->connecting = true;
    idle->socket.async_connect(endpoint_, [this, &one = *idle](Code error) {
      one.connecting = false;
      Code ignored;
      error ? void(one.socket.close(ignored)) : wait(one);
    });
  }
}

}  // namespace mill::apps
