#include "data/fetch/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/assert.h"

namespace mill::fetch {
namespace {

constexpr size_t kComplaintsMax = size_t{64} << 10;

Result<pid_t> spawn(const std::vector<std::string>& argv, int complaints) {
  std::vector<char*> pointers;
  for (const std::string& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
  pid_t child = 0;
  const int refused =
      posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (refused == 0) return child;
  return fail(ErrorKind::not_found, "{} cannot be run: {}; it has to be installed", argv[0],
              std::strerror(refused));
}

std::string read_tail(int file) {
  std::string text;
  std::array<char, 4096> chunk{};
  while (true) {
    const ssize_t count = read(file, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(chunk.data(), static_cast<size_t>(count));
    if (text.size() > kComplaintsMax) text.erase(0, text.size() - kComplaintsMax);
  }
}

}  // namespace

Result<Finished> run_program(const std::vector<std::string>& argv) {
  ASSERT(!argv.empty());
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorKind::io, "no pipe to {}: {}", argv[0], std::strerror(errno));
  const auto child = spawn(argv, ends[1]);
  close(ends[1]);
  Finished finished{.status = 0, .complaints = read_tail(ends[0])};
  close(ends[0]);
  if (!child) return std::unexpected(child.error());

  int status = 0;
  while (waitpid(*child, &status, 0) < 0) {
    if (errno != EINTR)
      return fail(ErrorKind::io, "lost sight of {}: {}", argv[0], std::strerror(errno));
  }
  finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return finished;
}

}  // namespace mill::fetch
