#include "service/traces/exporter.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

namespace mill::traces {
namespace {

using std::chrono::milliseconds;

size_t swallow(char*, size_t size, size_t count, void*) { return size * count; }

// "" or why it was not taken.
std::string post(const std::string& url, const std::string& body, int timeout_ms) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  if (!curl || !headers) return "out of memory";
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, swallow);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return curl_easy_strerror(code);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  return status / 100 == 2 ? "" : fmt::format("HTTP status {}", status);
}

}  // namespace

Result<void> ExporterOptions::validate() const {
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    return fail(ErrorKind::invalid,
                "'{}' is no address of a collector, e.g. http://127.0.0.1:4318/v1/traces", url);
  return {};
}

Exporter::Exporter(ExporterOptions options)
    : options_(std::move(options)), thread_([this] { run(); }) {}

Exporter::~Exporter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Exporter::add(std::vector<Span> spans) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() + spans.size() > options_.waiting_max) {
    stats_.dropped += spans.size();
    return;
  }
  for (Span& span : spans) waiting_.push_back(std::move(span));
  wake_.notify_one();
}

void Exporter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    wake_.wait_for(lock, milliseconds(options_.pause_ms), [this] { return stopping_; });
    std::vector<Span> spans = std::exchange(waiting_, {});
    const bool last = stopping_;
    lock.unlock();
    if (!spans.empty()) send(std::move(spans));
    lock.lock();
    if (last) return;
  }
}

// The first failure of a row of them is told.
void Exporter::send(std::vector<Span> spans) {
  const std::string trouble =
      post(options_.url, otlp_json(spans, options_.service), options_.timeout_ms);
  const std::lock_guard lock(mutex_);
  (trouble.empty() ? stats_.sent : stats_.dropped) += spans.size();
  if (!trouble.empty() && trouble != told_)
    fmt::print(stderr, "{}: {}; spans are dropped until it answers\n", options_.url, trouble);
  told_ = trouble;
}

ExporterStats Exporter::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace mill::traces
