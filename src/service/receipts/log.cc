#include "service/receipts/log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace mill::receipts {
namespace {

// The little of a line that opening a log needs; its signature is not looked at.
struct Head {
  uint64_t number = 0;
  std::string previous, request;
};

Result<Head> head_of(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  const Json request = json.is_object() ? json.value("request", Json()) : Json();
  if (!request.is_object() || !json.value("number", Json()).is_number_unsigned() ||
      !json.value("previous", Json()).is_string() || !request.value("id", Json()).is_string())
    return fail(ErrorKind::invalid, "it is no receipt");
  return Head{json["number"].get<uint64_t>(), json["previous"].get<std::string>(),
              request["id"].get<std::string>()};
}

}  // namespace

std::unexpected<Error> Log::failed(const char* action) const {
  return fail(ErrorKind::io, "{}: cannot {}: {}", options_.path.string(), action,
              std::strerror(errno));
}

Result<std::shared_ptr<Log>> Log::open(LogOptions options) {
  const int file = ::open(options.path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  std::shared_ptr<Log> log(new Log(std::move(options), file));
  if (file < 0) return log->failed("be opened");
  if (::flock(file, LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorKind::io, "{}: another server writes its receipts there; give each its own",
                log->options_.path.string());
  TRY(log->read());
  log->thread_ = std::thread([raw = log.get()] { raw->run(); });
  return log;
}

Log::~Log() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (file_ >= 0) ::close(file_);
}

Result<void> Log::read() {
  const auto each = [this](std::string_view line, uint64_t offset) -> Result<void> {
    auto head = head_of(line);
    if (head && (head->number != link_.number || head->previous != link_.previous))
      head = fail(ErrorKind::invalid, "it does not follow the line before it");
    if (!head)
      return fail(
          ErrorKind::invalid,
          "{}: line {}: {}, so no receipt can follow; `tokenmill verify --chain` says more. "
          "Keep the file, and begin another one",
          options_.path.string(), link_.number + 1, head.error().message);
    bytes_ = offset + line.size() + 1;
    link_ = link_after(head->number, line);
    places_[head->request] = {offset, line.size()};
    return {};
  };
  TRY_ASSIGN(const uint64_t torn, each_line(options_.path, each));
  if (torn > 0 && ::ftruncate(file_, static_cast<off_t>(bytes_)) != 0)
    return failed("have its torn end cut off");
  return {};
}

void Log::attest(inference::Testimony told, inference::Kept kept) {
  const std::lock_guard lock(mutex_);
  queue_.push_back({std::move(told), std::move(kept)});
  wake_.notify_one();
}

void Log::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    const std::vector<Entry> group = std::exchange(queue_, {});
    if (group.empty()) return;
    lock.unlock();
    const Result<void> kept = keep(group);
    if (!kept) fmt::print(stderr, "{} receipts are lost: {}\n", group.size(), kept.error().message);
    for (const Entry& entry : group) entry.kept(kept);
    lock.lock();
  }
}

// All of the group or none of it: what cannot be brought to the disk is taken back.
Result<void> Log::keep(const std::vector<Entry>& group) {
  Link link = link_;
  Places places;
  const auto lines = lines_of(group, link, places);
  Result<void> written;
  if (!lines) written = std::unexpected(lines.error());
  if (lines) written = write(*lines);
  const std::lock_guard lock(mutex_);
  (written ? stats_.receipts : stats_.lost) += group.size();
  if (!written)
    return fail(ErrorKind::io, "The receipt could not be kept ({})", written.error().message);
  link_ = link;
  bytes_ += lines->size();
  for (auto& [request, place] : places) places_[request] = place;
  return {};
}

Result<service::ModelInfo> Log::model_of(const Entry& entry) const {
  const std::lock_guard lock(mutex_);
  const auto model = models_.find(entry.told.model);
  if (model == models_.end() || entry.told.asked.empty())
    return fail(ErrorKind::not_found, "nothing is known of the model {}", entry.told.model);
  return model->second;
}

void Log::serve(service::ModelInfo model) {
  const std::lock_guard lock(mutex_);
  models_[model.id] = std::move(model);
}

Result<std::string> Log::lines_of(const std::vector<Entry>& group, Link& link,
                                  Places& places) const {
  std::string lines;
  for (const Entry& entry : group) {
    TRY_ASSIGN(const service::ModelInfo model, model_of(entry));
    TRY_ASSIGN(const std::string line,
               signed_line(receipt_of(entry.told, model, link), options_.key));
    places[entry.told.request] = {bytes_ + lines.size(), line.size()};
    link = link_after(link.number, line);
    lines += line + "\n";
  }
  return lines;
}

Result<void> Log::write(const std::string& lines) {
  const auto take_back = [&](const char* action) {
    auto error = failed(action);
    static_cast<void>(::ftruncate(file_, static_cast<off_t>(bytes_)));
    return error;
  };
  size_t written = 0;
  while (written < lines.size()) {
    const ssize_t done = ::write(file_, lines.data() + written, lines.size() - written);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return take_back("be written");
    written += static_cast<size_t>(done);
  }
  if (::fdatasync(file_) != 0) return take_back("be brought to the disk");
  return {};
}

Result<std::optional<std::string>> Log::find(const std::string& request,
                                             const std::string& tenant) const {
  Place place;
  {
    const std::lock_guard lock(mutex_);
    const auto at = places_.find(request);
    if (at == places_.end()) return std::nullopt;
    place = at->second;
  }
  std::string line(place.bytes, '\0');
  const ssize_t got = ::pread(file_, line.data(), line.size(), static_cast<off_t>(place.offset));
  if (got < 0) return failed("be read");
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || json["request"]["tenant"] != tenant) return std::nullopt;
  return line;
}

LogStats Log::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace mill::receipts
