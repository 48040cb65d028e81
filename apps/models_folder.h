#pragma once
// `serve --models-folder`: which models a client may have loaded, and how they are opened.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/model_store.h"
#include "apps/open_engine.h"
#include "base/error.h"
#include "service/operations/loading.h"

namespace mill::apps {

// The model of this name below the folder, a file or a folder of its own: never outside of it, be
// it by "..", an absolute path or a link. Errors name no path of the machine.
Result<std::filesystem::path> model_within(const std::filesystem::path& folder,
                                           const std::string& name);

// What may be loaded from there: files, folders, packages. What leads out of it is not listed.
std::vector<StoredModel> models_in(const std::filesystem::path& folder);

// Several engines that read one machine's meter: what was drawn since any of them has read belongs
// to the next that reads, so that all together have what the meter says.
class SharedMeter {
 public:
  explicit SharedMeter(llm::Joules meter);
  llm::Joules for_one() const;  // any thread

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Models are opened as the server's own, but for what a request says. Where that is a package that
// somebody has signed, others have to be so, too.
operations::Loading loading_from(const std::string& folder, const ModelOptions& like,
                                 const SharedMeter&);

}  // namespace mill::apps
