#pragma once
// An HTTP/1.1 answer, read as its bytes come: by length, in chunks, or up to the connection's end.

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mill::apps {

class ReplyReader {
 public:
  ReplyReader();
  ~ReplyReader();
  ReplyReader(ReplyReader&&) noexcept;
  ReplyReader& operator=(ReplyReader&&) noexcept;

  Result<std::string> feed(std::string_view bytes);  // what of the body they had
  Result<void> end();                                // the connection ended: an error, if too early

  bool begun() const;  // a byte has come
  bool done() const;
  int status() const;       // 0 before the head is there
  bool keep_alive() const;  // the connection takes another request

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mill::apps
