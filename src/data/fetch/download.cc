#include "data/fetch/download.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <thread>

#include "data/fetch/digest.h"
#include "data/fetch/http.h"
#include "data/fetch/progress.h"

namespace mill::fetch {
namespace fs = std::filesystem;
namespace {

std::string header(const HttpHeaders& headers, const std::string& name) {
  const auto row = headers.find(name);
  return row == headers.end() ? "" : row->second;
}

uint64_t content_length(const HttpHeaders& headers) {
  const std::string text = header(headers, "content-length");
  uint64_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

std::string unquoted(std::string text) {
  std::erase(text, '"');
  return text;
}

bool worth_another_try(long status) {
  return status == 0 || status == 408 || status == 429 || status >= 500;
}

class Download {
 public:
  Download(const std::string& url, const fs::path& target, const DownloadOptions& options)
      : url_(url), target_(target), options_(options), progress_(target.filename().string()) {}
  ~Download() { close_part(); }
  Download(const Download&) = delete;
  Download& operator=(const Download&) = delete;

  Result<void> run();

 private:
  Result<void> attempt();  // one connection; complete_ says whether everything has arrived
  Result<void> begin(long status, const HttpHeaders&);
  Result<void> refuse(long status) const;
  Result<void> open_part(bool go_on, const std::string& etag);
  Result<void> check_space() const;
  Result<void> append(std::span<const char>);
  Result<void> finish();
  std::string stored_etag() const;
  void discard();
  void close_part();

  fs::path part() const { return target_.string() + ".part"; }
  fs::path etag_file() const { return target_.string() + ".part.etag"; }

  const std::string& url_;
  const fs::path& target_;
  const DownloadOptions& options_;
  Progress progress_;
  int file_ = -1;
  uint64_t done_ = 0, total_ = 0;  // total 0 = unknown
  bool retry_ = false, complete_ = false;
  std::string trouble_, digest_;
};

Result<void> Download::run() {
  uint64_t best = 0;
  int fruitless = 0;
  auto pause = options_.pause;
  while (true) {
    const auto result = attempt();
    close_part();
    if (complete_ || !result) progress_.finish();
    if (!result) return result;
    if (complete_) return finish();
    const bool moved = done_ > best;
    best = std::max(best, done_);
    fruitless = moved ? 0 : fruitless + 1;
    if (moved) pause = options_.pause;
    if (fruitless >= options_.attempts_max) break;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(30'000));
  }
  progress_.finish();
  return fail(ErrorKind::io, "{} cannot be fetched: {}. {} are kept; run the same again to go on",
              url_, trouble_, bytes_text(best));
}

Result<void> Download::attempt() {
  const std::string etag = stored_etag();
  std::error_code error;
  done_ = etag.empty() ? 0 : fs::file_size(part(), error);
  if (error) done_ = 0;
  HttpRequest request{.url = url_, .headers = options_.headers};
  if (done_ > 0) {
    request.headers.push_back(fmt::format("Range: bytes={}-", done_));
    request.headers.push_back("If-Range: " + etag);
  }
  retry_ = false;
  TRY_ASSIGN(const HttpReply reply,
             http_get(request, {.begin =
                                    [this](long status, const HttpHeaders& headers) {
                                      return begin(status, headers);
                                    },
                                .body = [this](std::span<const char> bytes) -> Result<void> {
                                  return retry_ || complete_ ? Result<void>() : append(bytes);
                                }}));
  if (!reply.trouble.empty()) {
    trouble_ = reply.trouble;
  } else if (!retry_ && !complete_) {
    complete_ = total_ == 0 || done_ == total_;
    trouble_ =
        fmt::format("the server closed after {} of {}", bytes_text(done_), bytes_text(total_));
  }
  return {};
}

Result<void> Download::begin(long status, const HttpHeaders& headers) {
  if (worth_another_try(status)) {
    retry_ = true;
    trouble_ = fmt::format("the server answered {}", status);
    return {};
  }
  const ContentRange range = parse_content_range(header(headers, "content-range"));
  const std::string etag = header(headers, "etag");
  digest_ = unquoted(header(headers, "x-linked-etag"));
  if (digest_.empty()) digest_ = unquoted(etag);
  if (status == 416 && done_ > 0 && range.total == done_) {
    complete_ = true;  // the part was the whole already
    return {};
  }
  const bool same = status == 206 && range.first == done_ && etag == stored_etag();
  if (status == 416 || (status == 206 && !same)) {
    discard();  // another version, or a part that is too long: from the beginning
    retry_ = true;
    trouble_ = "the server's answer does not fit what is here";
    return {};
  }
  if (status != 200 && status != 206) return refuse(status);
  total_ = same ? range.total : content_length(headers);
  return open_part(same, etag);
}

Result<void> Download::refuse(long status) const {
  if (status == 404) return fail(ErrorKind::not_found, "{}: there is no such file (404)", url_);
  if (status == 401 || status == 403)
    return fail(ErrorKind::invalid,
                "{}: not allowed ({}). A gated model needs its terms accepted and HF_TOKEN set",
                url_, status);
  return fail(ErrorKind::io, "{}: the server answered {}", url_, status);
}

Result<void> Download::open_part(bool go_on, const std::string& etag) {
  if (!go_on) {
    discard();
    done_ = 0;
    // A weak tag promises equal meaning, not equal bytes, so there is nothing to go on from.
    if (!etag.empty() && !etag.starts_with("W/")) std::ofstream(etag_file()) << etag;
  }
  file_ = open(part().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0) return fail(ErrorKind::io, "{}: {}", part().string(), std::strerror(errno));
  progress_.update(done_, total_);
  return check_space();
}

Result<void> Download::check_space() const {
  std::error_code error;
  const fs::space_info space = fs::space(part(), error);
  if (error || total_ <= done_ || space.available >= total_ - done_) return {};
  return fail(ErrorKind::io, "{} needs {} more, but the disk has only {} free at {}",
              target_.filename().string(), bytes_text(total_ - done_), bytes_text(space.available),
              target_.parent_path().string());
}

Result<void> Download::append(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      return fail(
          ErrorKind::io,
          "{} cannot be written: {}. {} are kept; make room and run the same again to go on",
          part().string(), std::strerror(errno), bytes_text(done_));
    bytes = bytes.subspan(static_cast<size_t>(written));
    done_ += static_cast<uint64_t>(written);
  }
  progress_.update(done_, total_);
  return {};
}

Result<void> Download::finish() {
  const auto good = check_digest(part(), options_.digest.empty() ? digest_ : options_.digest);
  if (!good) {
    discard();
    return fail(good.error().kind,
                "{}. What came was damaged and has been deleted; run the same "
                "again",
                good.error().message);
  }
  std::error_code error;
  fs::rename(part(), target_, error);
  if (error) return fail(ErrorKind::io, "{}: {}", target_.string(), error.message());
  fs::remove(etag_file(), error);
  return {};
}

std::string Download::stored_etag() const {
  std::string etag;
  std::getline(std::ifstream(etag_file()), etag);
  return etag;
}

void Download::discard() {
  std::error_code ignored;
  fs::remove(part(), ignored);
  fs::remove(etag_file(), ignored);
}

void Download::close_part() {
  if (file_ < 0) return;
  fsync(file_);
  close(file_);
  file_ = -1;
}

}  // namespace

Result<void> download(const std::string& url, const fs::path& target,
                      const DownloadOptions& options) {
  return Download(url, target, options).run();
}

}  // namespace mill::fetch
