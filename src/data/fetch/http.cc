#include "data/fetch/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/assert.h"

namespace mill::fetch {
namespace {

constexpr long kConnectSeconds = 15;
constexpr long kStallSeconds = 30;  // so long under kStallBytes a second is a broken connection
constexpr long kStallBytes = 100;

struct Posted {
  const std::string& body;
  const std::atomic<bool>& abandoned;
};

struct Transfer {
  const HttpSink& sink;
  HttpReply reply;
  bool begun = false;
  Result<void> verdict;  // the sink's first error

  bool begin() {
    if (!begun) verdict = sink.begin(reply.status, reply.headers);
    begun = true;
    return verdict.has_value();
  }
};

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// "HTTP/1.1 206 Partial Content" begins an answer (each hop of a redirect has one), "Name: value"
// goes on with it.
size_t on_header(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {
    const size_t space = line.find(' ');
    transfer.reply.status =
        space == line.npos ? 0 : std::strtol(std::string(line.substr(space)).c_str(), nullptr, 10);
    transfer.reply.headers.erase("content-range");  // of one answer, never of the next
    transfer.reply.headers.erase("content-length");
  } else if (const size_t colon = line.find(':'); colon != line.npos) {
    std::string name(trimmed(line.substr(0, colon)));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    transfer.reply.headers[name] = trimmed(line.substr(colon + 1));
  }
  return size * count;
}

size_t on_body(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!transfer.begin()) return CURL_WRITEFUNC_ERROR;
  transfer.verdict = transfer.sink.body({data, size * count});
  return transfer.verdict ? size * count : CURL_WRITEFUNC_ERROR;
}

// Not 0: the transfer ends. Called once a second at least.
int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const Posted*>(user)->abandoned ? 1 : 0;
}

void set_post(CURL* curl, const Posted& posted) {
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(posted.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, posted.body.data());
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, const_cast<Posted*>(&posted));
}

// Files that cannot be read are told of when the transfer begins.
void set_tls(CURL* curl, const HttpTls& tls) {
  const auto set = [curl](CURLoption option, const std::string& path) {
    if (!path.empty()) curl_easy_setopt(curl, option, path.c_str());
  };
  set(CURLOPT_CAINFO, tls.authority);
  set(CURLOPT_SSLCERT, tls.certificate);
  set(CURLOPT_SSLKEY, tls.key);
  if (!tls.insecure) return;
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
}

void set_up(CURL* curl, const HttpRequest& request, curl_slist* headers, Transfer& transfer) {
  const bool secure = request.url.starts_with("https:");
  const auto set = [curl](CURLoption option, auto value) {
    ASSERT(curl_easy_setopt(curl, option, value) == CURLE_OK, static_cast<int>(option));
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  set(CURLOPT_FOLLOWLOCATION, request.stays ? 0L : 1L);
  set(CURLOPT_MAXREDIRS, 10L);
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  set(CURLOPT_LOW_SPEED_LIMIT, kStallBytes);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT, request.seconds_max);
  if (request.milliseconds_max > 0) set(CURLOPT_TIMEOUT_MS, request.milliseconds_max);
  if (request.direct) set(CURLOPT_NOPROXY, "*");
  set_tls(curl, request.tls);
  set(CURLOPT_USERAGENT, "tokenmill/" TOKENMILL_VERSION);
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
}

Result<HttpReply> perform(const HttpRequest& request, const HttpSink& sink, const Posted* posted) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  if (!curl) return fail(ErrorKind::io, "libcurl does not start");
  curl_slist* list = nullptr;
  for (const std::string& header : request.headers) list = curl_slist_append(list, header.c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list,
                                                                            curl_slist_free_all);
  Transfer transfer{.sink = sink, .reply = {}, .begun = false, .verdict = {}};
  std::array<char, CURL_ERROR_SIZE> detail{};
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, detail.data());
  set_up(curl.get(), request, headers.get(), transfer);
  if (posted != nullptr) set_post(curl.get(), *posted);

  const CURLcode code = curl_easy_perform(curl.get());
  if (!transfer.verdict) return std::unexpected(std::move(transfer.verdict).error());
  if (code != CURLE_OK) {
    transfer.reply.trouble = detail.front() != 0 ? detail.data() : curl_easy_strerror(code);
  } else if (!transfer.begin()) {  // an answer without a body
    return std::unexpected(std::move(transfer.verdict).error());
  }
  return transfer.reply;
}

Result<HttpText> perform_text(const HttpRequest& request, size_t bytes_max, const Posted* posted) {
  HttpText text;
  const HttpSink sink{.begin = [](long, const HttpHeaders&) -> Result<void> { return {}; },
                      .body = [&](std::span<const char> bytes) -> Result<void> {
                        if (text.body.size() + bytes.size() > bytes_max)
                          return fail(ErrorKind::invalid, "{}: the answer is longer than {} bytes",
                                      request.url, bytes_max);
                        text.body.append(bytes.data(), bytes.size());
                        return {};
                      }};
  TRY_ASSIGN(text.reply, perform(request, sink, posted));
  return text;
}

}  // namespace

Result<HttpReply> http_get(const HttpRequest& request, const HttpSink& sink) {
  return perform(request, sink, nullptr);
}

Result<HttpText> http_get_text(const HttpRequest& request, size_t bytes_max) {
  return perform_text(request, bytes_max, nullptr);
}

Result<HttpText> http_post_text(const HttpRequest& request, const std::string& body,
                                size_t bytes_max, const std::atomic<bool>& abandoned) {
  const Posted posted{body, abandoned};
  return perform_text(request, bytes_max, &posted);
}

ContentRange parse_content_range(std::string_view text) {
  const size_t slash = text.find('/');
  if (!text.starts_with("bytes ") || slash == text.npos) return {};
  const auto number = [](std::string_view digits) {
    uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  };
  const uint64_t total = number(text.substr(slash + 1));
  text.remove_prefix(6);
  return {text.starts_with('*') ? total : number(text), total};
}

}  // namespace mill::fetch
