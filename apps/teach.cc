#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/command.h"

namespace mill::apps {
namespace {

// The program beside this one takes this one's place.
Result<void> become_teacher(const std::vector<std::string>& arguments) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path teacher = self.parent_path() / "tokenmill-teach";
  if (error || !std::filesystem::exists(teacher, error))
    return fail(ErrorKind::not_found,
                "{} is not there: it needs LibTorch, and `make teach` builds it with Debian's",
                teacher.string());
  std::vector<char*> words;
  std::string name = teacher.string();
  words.push_back(name.data());
  std::vector<std::string> copies = arguments;
  for (std::string& it : copies) words.push_back(it.data());
  words.push_back(nullptr);
  ::execv(name.c_str(), words.data());
  return fail(ErrorKind::io, "{}: {}", name, std::strerror(errno));
}

}  // namespace

// Options and help are tokenmill-teach's: LibTorch is not loaded for the other commands.
Run add_teach(CLI::App& command) {
  command.prefix_command();
  command.set_help_flag();
  return [&command] { return become_teacher(command.remaining()); };
}

}  // namespace mill::apps
