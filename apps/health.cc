#include <memory>
#include <string>

#include "apps/command.h"
#include "data/fetch/http.h"

namespace mill::apps {
namespace {

constexpr size_t kAnswerMax = size_t{1} << 16;
constexpr long kSecondsMax = 4;  // less than the five that health checks are given

Result<void> ask(const std::string& url) {
  fetch::HttpRequest request{.url = url + "/v1/health/ready", .headers = {}};
  request.seconds_max = kSecondsMax;
  request.direct = true;
  TRY_ASSIGN(const fetch::HttpText text, fetch::http_get_text(request, kAnswerMax));
  if (text.reply.status == 0)
    return fail(ErrorKind::io, "{} does not answer: {}", url, text.reply.trouble);
  if (text.reply.status == 200) return {};
  return fail(ErrorKind::io, "{} is not ready: it answers {}", url, text.reply.status);
}

}  // namespace

Run add_health(CLI::App& command) {
  auto url = std::make_shared<std::string>("http://127.0.0.1:8080");
  command.add_option("url", *url, "The server [http://127.0.0.1:8080]");
  command.footer(
      "Exit code 0: it is ready for requests. 6: it is loading, draining, or not there.");
  return [url]() -> Result<void> {
    while (url->ends_with('/')) url->pop_back();
    return ask(*url);
  };
}

}  // namespace mill::apps
