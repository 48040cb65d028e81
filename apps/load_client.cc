#include "apps/load_client.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace mill::apps {
namespace asio = boost::asio;
namespace {

constexpr size_t kErrorBytesMax = 200;  // of a refusal's body, for the report

double seconds_between(LoadTime from, LoadTime to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

LoadClient::LoadClient(asio::io_context& context, const LoadAddress& address, LoadFigures& figures)
    : address_(address), figures_(figures), socket_(context) {}

void LoadClient::ask(Question question, std::function<void()> done) {
  question_ = std::move(question);
  done_ = std::move(done);
  std::string key;
  if (!address_.api_key.empty())
    key = fmt::format("Authorization: Bearer {}\r\n", address_.api_key);
  out_ = fmt::format(
      "POST /v1/completions HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n"
      "{}Content-Length: {}\r\n\r\n{}",
      address_.host, key, question_.body.size(), question_.body);
  reply_ = {};
  events_ = {};
  busy_ = true;
  saw_done_ = gave_up_ = false;
  pieces_ = 0;
  usage_.reset();
  error_.clear();
  heard_ = LoadClock::now();
  ++figures_.started;
  figures_.late_s = std::max(figures_.late_s, seconds_between(question_.due, heard_));
  fresh_ = !socket_.is_open();
  fresh_ ? connect() : write();
}

void LoadClient::check_patience(LoadTime now, std::chrono::seconds patience) {
  if (!busy_ || now - heard_ < patience) return;
  gave_up_ = true;
  Code ignored;
  socket_.close(ignored);  // whatever waits for it ends with an error
}

void LoadClient::connect() {
  socket_.async_connect(address_.endpoint, [this](Code error) {
    if (error) return failed(fmt::format("cannot connect: {}", error.message()));
    Code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    write();
  });
}

void LoadClient::write() {
  asio::async_write(socket_, asio::buffer(out_), [this](Code error, size_t) {
    if (error) return lost(error);
    if (question_.vanish_after == 0U) return vanish();
    read();
  });
}

void LoadClient::read() {
  socket_.async_read_some(asio::buffer(chunk_),
                          [this](Code error, size_t bytes) { on_read(error, bytes); });
}

void LoadClient::on_read(Code error, size_t bytes) {
  if (error) return lost(error);
  heard_ = LoadClock::now();
  const Result<std::string> body = reply_.feed({chunk_.data(), bytes});
  if (!body) return failed(body.error().message);
  if (!take(*body)) return vanish();
  reply_.done() ? finish() : read();
}

// A connection that was kept may have been closed meanwhile, so that the question never arrived:
// it is asked once more, on a new one.
void LoadClient::lost(Code error) {
  if (gave_up_) return failed("the server has sent nothing for too long");
  if (!fresh_ && !reply_.begun()) {
    Code ignored;
    socket_.close(ignored);
    fresh_ = true;
    return connect();
  }
  if (error != asio::error::eof) return failed(error.message());
  const Result<void> ended = reply_.end();
  ended ? finish() : failed(ended.error().message);
}

bool LoadClient::take(std::string_view body) {
  if (reply_.status() != 200) {
    error_ += body.substr(0, kErrorBytesMax - std::min(error_.size(), kErrorBytesMax));
    return true;
  }
  for (const std::string& data : events_.feed(body)) {
    const CompletionEvent event = read_completion_event(data);
    saw_done_ = saw_done_ || event.done;
    if (event.usage) usage_ = event.usage;
    if (error_.empty()) error_ = event.error;
    if (event.has_text) piece();
    if (question_.vanish_after && pieces_ >= *question_.vanish_after && pieces_ > 0) return false;
  }
  return true;
}

void LoadClient::piece() {
  if (pieces_++ == 0) {
    figures_.first.add(seconds_between(question_.due, heard_));
  } else {
    figures_.gap.add(seconds_between(last_piece_, heard_));
  }
  last_piece_ = heard_;
}

std::string LoadClient::judge() const {
  if (reply_.status() != 200) return fmt::format("status {}: {}", reply_.status(), error_);
  if (!error_.empty()) return error_;
  if (!saw_done_) return "a stream without its end, [DONE]";
  if (!usage_) return "a stream without 'usage': the server knows no stream_options.include_usage";
  return "";
}

void LoadClient::finish() {
  std::string complaint = judge();
  if (!complaint.empty()) return failed(std::move(complaint));
  ++figures_.finished;
  figures_.prompt_tokens += usage_->prompt;
  figures_.cached_tokens += usage_->cached;
  figures_.answer_tokens += usage_->answer;
  figures_.whole.add(seconds_between(question_.due, heard_));
  end(reply_.keep_alive());
}

void LoadClient::vanish() {
  ++figures_.vanished;
  figures_.vanished_pieces += pieces_;
  end(false);
}

void LoadClient::failed(std::string complaint) {
  ++figures_.failed;
  figures_.complain(std::move(complaint));
  end(false);
}

void LoadClient::end(bool keep_connection) {
  Code ignored;
  if (!keep_connection) socket_.close(ignored);
  busy_ = false;
  std::exchange(done_, nullptr)();
}

}  // namespace mill::apps
