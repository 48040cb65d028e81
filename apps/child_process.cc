#include "apps/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

extern char** environ;

namespace mill::apps {
namespace {

void close_if_open(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

}  // namespace

Result<Child> Child::start(const std::vector<std::string>& arguments) {
  std::array<int, 2> in{}, out{};
  // A socket, because writing to one that nobody reads can be an error without being a signal.
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in.data()) != 0)
    return fail(ErrorKind::io, "socketpair: {}", strerror(errno));
  if (pipe2(out.data(), O_CLOEXEC) != 0) {
    const int error = errno;
    close(in[0]);
    close(in[1]);
    return fail(ErrorKind::io, "pipe: {}", strerror(error));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<char*> argv;
  for (const std::string& word : arguments) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  Child child(pid, in[1], out[0]);
  if (error == 0) return child;
  child.pid_ = -1;
  return fail(ErrorKind::not_found, "cannot run {}: {}", arguments[0], strerror(error));
}

Child::~Child() {
  if (pid_ > 0) kill(pid_, SIGKILL);
  wait();
  close_if_open(output_);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      pending_(std::move(other.pending_)) {}

Result<void> Child::write_line(const std::string& line) {
  const std::string text = line + "\n";
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t n = send(input_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return fail(ErrorKind::io, "the program ended early");
    sent += static_cast<size_t>(n);
  }
  return {};
}

bool Child::fill() {
  std::array<char, 4096> buffer;
  const ssize_t n = read(output_, buffer.data(), buffer.size());
  if (n > 0) pending_.append(buffer.data(), static_cast<size_t>(n));
  return n > 0;
}

Result<std::string> Child::read_line() {
  size_t end = 0;
  while ((end = pending_.find('\n')) == std::string::npos) {
    if (!fill()) return fail(ErrorKind::io, "the program ended early");
  }
  std::string line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  return line;
}

std::string Child::read_some() {
  fill();
  return std::exchange(pending_, {});
}

ChildEnd Child::wait() {
  close_if_open(input_);
  if (pid_ <= 0) return {};
  int status = 0;
  rusage usage{};
  wait4(std::exchange(pid_, -1), &status, 0, &usage);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          static_cast<size_t>(usage.ru_maxrss) * 1024};
}

bool Child::running() const {
  siginfo_t ended{};
  return pid_ > 0 &&
         waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0;
}

ChildEnd Child::stop(std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kStep{5};
  if (running()) kill(pid_, SIGTERM);
  for (; running() && patience.count() > 0; patience -= kStep) std::this_thread::sleep_for(kStep);
  if (running()) kill(pid_, SIGKILL);
  return wait();
}

}  // namespace mill::apps
