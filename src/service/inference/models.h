#pragma once
// The models that are served, which may come and go while requests run. Whoever uses a model holds
// it: one that was taken out is reached by no new request, ends once the last that it answers has
// ended, and its memory is free then.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "service/generation/served_model.h"
#include "service/http/problem.h"

namespace mill::inference {

using service::ModelPointer;
using service::ServedModel;

// Any thread may call any member, in between as well.
class Models {
 public:
  Models();
  ~Models();  // waits for the end of all that it owns
  Models(const Models&) = delete;
  Models& operator=(const Models&) = delete;

  // The oldest is the default. Refused where its id is in use, be it by one that is about to end.
  Result<void> take(std::unique_ptr<ServedModel>);
  void add(ModelPointer);  // it is somebody else's, too, who sees to its end
  // `gone` is called once its memory is free. False: there is none of this id.
  bool remove(const std::string& id, std::function<void()> gone);
  void stop();  // all, those that were removed included (ServedModel::stop)

  // "" and "default" mean the oldest. 404 names those that there are.
  http::Checked<ModelPointer> find(const std::string& name) const;
  std::vector<ModelPointer> all() const;  // the oldest first
  bool in_use(const std::string& id) const;

 private:
  struct State;
  static void end(const std::shared_ptr<State>&, ServedModel*);
  const std::shared_ptr<State> state_;
};

}  // namespace mill::inference
