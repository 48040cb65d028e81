#include "service/inference/http_courier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <utility>

#include "data/fetch/http.h"

namespace mill::inference {
namespace {

using Clock = std::chrono::steady_clock;

// Where the path begins, behind scheme and host; npos where there is none.
size_t path_of(std::string_view url) {
  const size_t host = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : url.npos;
  if (host == url.npos || host == url.size() || url[host] == '/') return url.npos;
  return url.find('/', host);
}

bool leads_astray(std::string_view url) {
  const auto odd = [](unsigned char c) { return c <= ' ' || c >= 0x7F || c == '\\' || c == '@'; };
  if (std::ranges::any_of(url, odd)) return true;
  std::string lower(url);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* dots : {"..", "%2e", "%2f", "%5c"})
    if (lower.find(dots) != lower.npos) return true;
  return false;
}

}  // namespace

Result<void> CourierOptions::validate() const {
  for (const std::string& prefix : prefixes) {
    if (path_of(prefix) == prefix.npos || leads_astray(prefix))
      return fail(ErrorKind::invalid,
                  "'{}' is no prefix of URLs; it needs a scheme, a host and the / behind it, as "
                  "https://checker.example/",
                  prefix);
  }
  return {};
}

bool may_ask(const CourierOptions& options, std::string_view url) {
  return !leads_astray(url) &&
         std::ranges::any_of(options.prefixes,
                             [url](const std::string& prefix) { return url.starts_with(prefix); });
}

HttpCourier::HttpCourier(CourierOptions options)
    : options_(std::move(options)), errands_(options_.at_once, options_.waiting_max) {}

Result<void> HttpCourier::allows(std::string_view url) const {
  if (may_ask(options_, url)) return {};
  return fail(ErrorKind::invalid, "this server asks no verifier at '{}'; its operator allows {}",
              url, fmt::join(options_.prefixes, ", "));
}

Result<void> HttpCourier::carry(Question question, Told told) {
  const Time until = Clock::now() + std::chrono::milliseconds(question.milliseconds_max);
  return errands_.add([this, question = std::move(question), told = std::move(told), until] {
    told(answer_to(question, until));
  });
}

Result<std::string> HttpCourier::answer_to(const Question& question, Time until) const {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  if (errands_.closed()) return fail(ErrorKind::cancelled, "the server is stopping");
  if (left <= 0) return fail(ErrorKind::exhausted, "the verifier was not asked in time");
  const fetch::HttpRequest request{
      .url = question.url,
      .headers = {"Content-Type: application/json", "Accept: application/json", "Expect:"},
      .milliseconds_max = left,
      .stays = true};
  TRY_ASSIGN(
      const fetch::HttpText text,
      fetch::http_post_text(request, question.body, options_.answer_bytes_max, errands_.closed()));
  if (text.reply.status == 0 || !text.reply.trouble.empty())
    return fail(ErrorKind::io, "the verifier did not answer: {}", text.reply.trouble);
  if (text.reply.status != 200)
    return fail(ErrorKind::io, "the verifier answered with the status {}", text.reply.status);
  return text.body;
}

}  // namespace mill::inference
