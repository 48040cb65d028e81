#pragma once
// The models that are being loaded now, so that not only whoever ordered it can see it.

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace mill::operations {

// Any thread may call any member, in between as well.
class Arrivals {
 public:
  // One is on its way as long as this lasts. Its name: the id it will have, or else its file's.
  class Way {
   public:
    Way(Arrivals& all, const std::string& name) : all_(all) {
      const std::lock_guard lock(all_.mutex_);
      at_ = all_.names_.insert(name);
    }
    ~Way() {
      const std::lock_guard lock(all_.mutex_);
      all_.names_.erase(at_);
    }
    Way(const Way&) = delete;
    Way& operator=(const Way&) = delete;

   private:
    Arrivals& all_;
    std::multiset<std::string>::iterator at_;
  };

  std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    return {names_.begin(), names_.end()};
  }

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::multiset<std::string> names_;
};

}  // namespace mill::operations
