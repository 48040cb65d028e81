#pragma once
// A server to put under load: one that listens already, or one that is started for it.

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "apps/child_process.h"
#include "apps/load_client.h"

namespace mill::apps {

// "http://127.0.0.1:8080", with "/v1" after it or not.
Result<LoadAddress> address_of(const std::string& url);

// A command for a shell with its {names} replaced; an error names those that there are.
Result<std::string> filled_command(const std::string& command,
                                   const std::map<std::string, std::string>& values);
std::string shell_quoted(const std::string&);

Result<uint16_t> free_port();

// The status of GET path, or nothing where no answer came within the time.
std::optional<int> status_of(const LoadAddress&, const std::string& path,
                             std::chrono::milliseconds patience);

struct LoadLaunch {
  std::string command = {};              // for a shell
  uint16_t port = 0;                     // where it will listen; 0 = it writes it to
  std::filesystem::path port_file = {};  // this file
  std::filesystem::path log = {};        // takes what it prints
  std::chrono::seconds patience{300};
};

class LoadServer {
 public:
  // Returns once it is ready: GET /health is not answered by 503 any more.
  static Result<LoadServer> start(const LoadLaunch&);
  const LoadAddress& address() const { return address_; }
  pid_t pid() const { return child_.pid(); }
  // An error where it was dead already.
  Result<void> stop();

 private:
  explicit LoadServer(Child child) : child_(std::move(child)) {}
  Child child_;
  LoadAddress address_;
  std::filesystem::path log_;
};

}  // namespace mill::apps
