#include "service/web/gunzip.h"

#include <boost/beast/zlib/inflate_stream.hpp>

#include "base/assert.h"

namespace mill::web {

//   1F 8B 08 00  time:4  00 FF │ deflated… │ CRC-32:4  bytes:4 (little-endian)
std::string gunzipped(std::string_view member) {
  namespace zlib = boost::beast::zlib;
  constexpr size_t kHead = 10, kTail = 8;
  ASSERT(member.size() >= kHead + kTail, member.size());
  size_t bytes = 0;
  for (size_t i = 1; i <= 4; ++i)
    bytes = bytes << 8 | static_cast<uint8_t>(member[member.size() - i]);
  std::string text(bytes, '\0');
  const std::string_view deflated = member.substr(kHead, member.size() - kHead - kTail);
  zlib::z_params step{};
  step.next_in = deflated.data();
  step.avail_in = deflated.size();
  step.next_out = text.data();
  step.avail_out = text.size();
  boost::beast::error_code error;
  zlib::inflate_stream().write(step, zlib::Flush::finish, error);
  ASSERT(error == zlib::error::end_of_stream && step.avail_out == 0, error.message());
  return text;
}

}  // namespace mill::web
