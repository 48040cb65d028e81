#include <memory>
#include <string>

#include "apps/command.h"
#include "data/fetch/http.h"

namespace mill::apps {
namespace {

constexpr size_t kAnswerMax = size_t{1} << 16;
constexpr long kSecondsMax = 4;  // less than the five that health checks are given

struct HealthOptions {
  std::string url = "http://127.0.0.1:8080";
  fetch::HttpTls tls;
};

Result<void> ask(const HealthOptions& options) {
  std::string url = options.url;
  while (url.ends_with('/')) url.pop_back();
  fetch::HttpRequest request{.url = url + "/v1/health/ready", .headers = {}};
  request.tls = options.tls;
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
  auto options = std::make_shared<HealthOptions>();
  fetch::HttpTls& tls = options->tls;
  command.add_option("url", options->url, "The server [http://127.0.0.1:8080]");
  command.add_option("--ca", tls.authority,
                     "PEM file of CAs, of one of which the server's certificate has to be [the "
                     "system's]");
  auto* const certificate =
      command.add_option("--cert", tls.certificate, "PEM file of the certificate to show [none]");
  auto* const key = command.add_option("--key", tls.key, "PEM file of its private key");
  certificate->needs(key);
  key->needs(certificate);
  command.add_flag("--insecure", tls.insecure,
                   "Take any certificate: for a server on this machine, whose certificate is for "
                   "its name outside");
  command.footer(
      "Exit code 0: it is ready for requests. 6: it is loading, draining, or not there.");
  return [options] { return ask(*options); };
}

}  // namespace mill::apps
