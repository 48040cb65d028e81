#pragma once
// The seam between a handler and the wire: one request's way back to its client.

#include <functional>
#include <memory>
#include <string>

#include "service/http/message.h"

namespace mill::http {

// Any thread may call any member, at any time. Either respond() once, or begin(), write()… and
// end(). What comes after the answer is complete, or after the client has gone, is ignored.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void respond(Response) = 0;
  virtual void begin(Response head) = 0;  // a streamed answer: status and headers, body unused
  virtual void write(std::string chunk) = 0;
  virtual void end() = 0;
  // Called once if the client goes away before the answer is complete (at once, if it has already
  // gone). A client that does not read what is streamed to it counts as gone.
  virtual void on_gone(std::function<void()>) = 0;
};

// By value: whoever passes a request on moves it, since its body may be large. One that ends here
// may take it as a const Request&.
using Handler = std::function<void(Request, std::shared_ptr<Exchange>)>;

}  // namespace mill::http
