#include "apps/load_reply.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <limits>
#include <utility>

namespace mill::apps {
namespace {
namespace http = boost::beast::http;
using Parser = http::response_parser<http::string_body>;
using Code = boost::beast::error_code;
}  // namespace

struct ReplyReader::Impl {
  Parser parser;
  std::string pending;  // what the parser could not use yet: half a head, half a chunk's length
  bool begun = false;

  Impl() {
    parser.eager(true);
    // Beast 1.74 takes boost::none for a limit that every length exceeds.
    parser.body_limit(std::numeric_limits<uint64_t>::max());
  }
};

ReplyReader::ReplyReader() : impl_(std::make_unique<Impl>()) {}
ReplyReader::~ReplyReader() = default;
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;
ReplyReader& ReplyReader::operator=(ReplyReader&&) noexcept = default;

Result<std::string> ReplyReader::feed(std::string_view bytes) {
  Impl& in = *impl_;
  in.begun = in.begun || !bytes.empty();
  in.pending += bytes;
  while (!in.pending.empty() && !in.parser.is_done()) {
    Code error;
    const size_t used = in.parser.put(boost::asio::buffer(in.pending), error);
    in.pending.erase(0, used);
    if (error == http::error::need_more || (!error && used == 0)) break;
    if (error) return fail(ErrorKind::io, "an answer that is not HTTP/1.1: {}", error.message());
  }
  return std::exchange(in.parser.get().body(), {});
}

Result<void> ReplyReader::end() {
  Code error;
  if (impl_->begun && !impl_->parser.is_done()) impl_->parser.put_eof(error);
  if (error || !impl_->parser.is_done())
    return fail(ErrorKind::io, "the server closed the connection {}",
                impl_->begun ? "in the middle of its answer" : "without an answer");
  return {};
}

bool ReplyReader::begun() const { return impl_->begun; }
bool ReplyReader::done() const { return impl_->parser.is_done(); }
int ReplyReader::status() const {
  return impl_->parser.is_header_done() ? static_cast<int>(impl_->parser.get().result_int()) : 0;
}
bool ReplyReader::keep_alive() const { return impl_->parser.get().keep_alive(); }

}  // namespace mill::apps
