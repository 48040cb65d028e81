#include "apps/models_folder.h"

#include <mutex>
#include <utility>

namespace mill::apps {
namespace fs = std::filesystem;
namespace {

std::unexpected<Error> none(const std::string& name) {
  return fail(ErrorKind::not_found, "There is no model '{}' in the server's folder of models",
              name);
}

// Without the folder in front of what lies in it.
Error without(const fs::path& folder, Error error) {
  const std::string prefix = folder.string() + "/";
  for (size_t at = 0; (at = error.message.find(prefix, at)) != std::string::npos;)
    error.message.erase(at, prefix.size());
  return error;
}

Result<std::unique_ptr<service::ServedModel>> open_within(const fs::path& folder,
                                                          ModelOptions options,
                                                          const operations::LoadRequest& request) {
  TRY_ASSIGN(const fs::path path, model_within(folder, request.model));
  options.model = path.string();
  options.model_id = request.id;
  options.profile = "";
  if (request.context > 0) options.context = request.context;
  if (!request.kv_memory.empty()) options.kv_memory = request.kv_memory;
  if (request.parallel > 0) options.parallel = request.parallel;
  return open_engine(options);
}

}  // namespace

Result<fs::path> model_within(const fs::path& folder, const std::string& name) {
  std::error_code error;
  const fs::path top = fs::canonical(folder, error);
  if (error) return fail(ErrorKind::io, "The server's folder of models is not there");
  if (name.empty() || name.find('\0') != std::string::npos) return none(name);
  const fs::path path = fs::canonical(top / name, error);
  if (error) return none(name);
  const fs::path within = path.lexically_relative(top);
  if (within.empty() || within == "." || *within.begin() == "..") return none(name);
  return path;
}

std::vector<StoredModel> models_in(const fs::path& folder) {
  std::vector<StoredModel> found = models_below(folder);
  std::erase_if(found,
                [&](const StoredModel& it) { return !model_within(folder, it.name).has_value(); });
  return found;
}

operations::Loading loading_from(const std::string& folder, const ModelOptions& like,
                                 const SharedMeter& meter) {
  if (folder.empty()) return {};
  return {.open = [folder = fs::path(folder), like, meter](const operations::LoadRequest& request)
              -> Result<std::unique_ptr<service::ServedModel>> {
    ModelOptions options = like;
    options.joules = meter.for_one();
    auto opened = open_within(folder, std::move(options), request);
    std::error_code error;
    const fs::path top = fs::canonical(folder, error);
    if (!opened) return std::unexpected(without(top, std::move(opened).error()));
    return opened;
  }};
}

struct SharedMeter::State {
  std::mutex mutex;  // guards what follows
  llm::Joules meter;
  double last = 0;
};

SharedMeter::SharedMeter(llm::Joules meter) : state_(std::make_shared<State>()) {
  state_->last = meter();
  state_->meter = std::move(meter);
}

llm::Joules SharedMeter::for_one() const {
  return [state = state_, own = std::make_shared<double>(0)] {
    const std::lock_guard lock(state->mutex);
    const double now = state->meter();
    *own += now - state->last;
    state->last = now;
    return *own;
  };
}

}  // namespace mill::apps
