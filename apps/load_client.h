#pragma once
// One client of a server under load: it asks for a completion as a stream, over a connection that
// it keeps, and may vanish in the middle. It runs within an io_context, which it never blocks.

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "apps/load_events.h"
#include "apps/load_figures.h"
#include "apps/load_plan.h"
#include "apps/load_reply.h"

namespace mill::apps {

using LoadClock = std::chrono::steady_clock;
using LoadTime = LoadClock::time_point;

struct LoadAddress {
  boost::asio::ip::tcp::endpoint endpoint;
  std::string host;          // as the requests say it: "127.0.0.1:8080"
  std::string api_key = {};  // "" = none is shown
};

class LoadClient {
 public:
  struct Question {
    std::string body;  // JSON for /v1/completions
    std::optional<uint32_t> vanish_after;
    LoadTime due;  // when it should be asked: what comes is timed from then
  };

  LoadClient(boost::asio::io_context&, const LoadAddress&, LoadFigures&);
  // One at a time. `done` is called once the answer is counted in the figures, as finished,
  // vanished or failed; it may ask again.
  void ask(Question, std::function<void()> done);
  // Fails the question whose server has sent nothing for so long.
  void check_patience(LoadTime now, std::chrono::seconds patience);

 private:
  using Code = boost::system::error_code;
  void connect();
  void write();
  void read();
  void on_read(Code, size_t bytes);
  void lost(Code);
  bool take(std::string_view body);  // false once the client vanishes
  void piece();
  std::string judge() const;  // "" = a whole answer
  void finish();
  void vanish();
  void failed(std::string complaint);
  void end(bool keep_connection);

  const LoadAddress& address_;
  LoadFigures& figures_;
  boost::asio::ip::tcp::socket socket_;
  std::array<char, 16 * 1024> chunk_;
  Question question_;
  std::function<void()> done_;
  std::string out_;
  // Of this question:
  ReplyReader reply_;
  EventReader events_;
  bool fresh_ = false;  // the connection was made for it
  bool busy_ = false, saw_done_ = false, gave_up_ = false;
  uint32_t pieces_ = 0;
  LoadTime heard_, last_piece_;
  std::optional<LoadUsage> usage_;
  std::string error_;  // what the stream, or the body of a refusal, says
};

}  // namespace mill::apps
