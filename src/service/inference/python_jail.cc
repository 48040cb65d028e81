#include "service/inference/python_jail.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace mill::inference {
namespace {

using llm::Jail;
using Clock = std::chrono::steady_clock;

constexpr size_t kTailBytes = 4096, kOutputMax = size_t{1} << 20;
constexpr int kLookMilliseconds = 100;  // how often it is seen to whether it is still wanted
constexpr int kNoJail = 97;             // the script's status where the jail cannot be built

// The root is an empty file system in memory, with little in it.
constexpr const char* kBuild = R"(
trap 'exit 97' EXIT
set -e
mount -t tmpfs -o size=1m,nr_inodes=64,nosuid,nodev none /tmp
cd /tmp
mkdir usr dev scratch
mount --rbind /usr usr
mount -o remount,bind,ro,nosuid usr
for d in bin lib lib64; do if [ -e /$d ]; then ln -s usr/$d $d; fi; done
for d in null urandom; do : > dev/$d; mount --bind /dev/$d dev/$d; done
mount -t tmpfs -o size=16m,nr_inodes=1024,nosuid,nodev none scratch
mount -o remount,bind,ro,nosuid,nodev .
exec chroot . /usr/bin/env -C /scratch /usr/bin/prlimit --cpu=5 --as=536870912 \
  --fsize=1048576 --nofile=64 --core=0 --nproc=16 \
  /usr/bin/setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all --no-new-privs \
  /usr/bin/python3 -I -S -c "$1"
)";

class File {
 public:
  explicit File(int number = -1) : number_(number) {}
  ~File() { close(); }
  File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

struct Output {
  File file;
  std::string tail = {};
  size_t bytes = 0;

  // False: there is no more.
  bool take() {
    std::array<char, 4096> chunk{};
    const ssize_t count = read(file.number(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) return true;
    if (count <= 0) {
      file.close();
      return false;
    }
    bytes += static_cast<size_t>(count);
    tail.append(chunk.data(), static_cast<size_t>(count));
    if (tail.size() > kTailBytes) tail.erase(0, tail.size() - kTailBytes);
    return true;
  }
};

Result<File> file_with(const std::string& text) {
  File file(memfd_create("input", MFD_CLOEXEC));
  const auto size = static_cast<ssize_t>(text.size());
  if (file.number() < 0 || write(file.number(), text.data(), text.size()) != size ||
      lseek(file.number(), 0, SEEK_SET) != 0)
    return fail(ErrorKind::io, "no memory for a program's input: {}", std::strerror(errno));
  return file;
}

Result<std::pair<File, File>> new_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorKind::io, "no pipe: {}", std::strerror(errno));
  return std::pair(File(ends[0]), File(ends[1]));
}

// In a process group of its own, with nothing of ours but these three files.
Result<pid_t> spawn(const std::string& source, const std::array<int, 3>& files) {
  std::vector<std::string> words = {
      "unshare", "--user", "--map-root-user",   "--mount", "--net",   "--pid", "--ipc",
      "--uts",   "--fork", "--kill-child=KILL", "--",      "/bin/sh", "-c",    kBuild,
      "sh",      source};
  std::string path = "PATH=/usr/bin:/bin:/usr/sbin:/sbin", language = "LANG=C.UTF-8";
  std::array<char*, 3> environment = {path.data(), language.data(), nullptr};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int i = 0; i < 3; ++i)
    posix_spawn_file_actions_adddup2(&actions, files[static_cast<size_t>(i)], i);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  pid_t child = 0;
  const int refused =
      posix_spawnp(&child, "unshare", &actions, &attributes, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (refused == 0) return child;
  return fail(ErrorKind::unsupported, "unshare cannot be run: {}", std::strerror(refused));
}

// False: it was ended, for its time, its output, or because nobody waits for it.
bool listen(Output& output, Output& complaints, Clock::time_point until,
            const std::atomic<bool>& abandoned) {
  while (output.file.number() >= 0 || complaints.file.number() >= 0) {
    if (abandoned || Clock::now() >= until) return false;
    if (output.bytes + complaints.bytes > kOutputMax) return false;
    std::array<pollfd, 2> files = {pollfd{output.file.number(), POLLIN, 0},
                                   pollfd{complaints.file.number(), POLLIN, 0}};
    if (poll(files.data(), files.size(), kLookMilliseconds) <= 0) continue;
    if (files[0].revents != 0) output.take();
    if (files[1].revents != 0) complaints.take();
  }
  return true;
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return kNoJail;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<Jail::Ran> run_jailed(const Jail::Program& program, const std::atomic<bool>& abandoned) {
  const auto until = Clock::now() + std::chrono::milliseconds(program.milliseconds_max);
  TRY_ASSIGN(const File input, file_with(program.input));
  TRY_ASSIGN(auto out, new_pipe());
  TRY_ASSIGN(auto err, new_pipe());
  TRY_ASSIGN(const pid_t child,
             spawn(program.source, {input.number(), out.second.number(), err.second.number()}));
  out.second.close();
  err.second.close();
  Output output{std::move(out.first)}, complaints{std::move(err.first)};
  Jail::Ran ran;
  ran.ended = listen(output, complaints, until, abandoned);
  if (!ran.ended) kill(-child, SIGKILL);
  ran.status = wait_for(child);
  ran.output = std::move(output.tail);
  ran.complaints = std::move(complaints.tail);
  if (ran.ended && ran.status == kNoJail)
    return fail(ErrorKind::unsupported, "no jail can be built: {}", ran.complaints);
  return ran;
}

Result<std::shared_ptr<PythonJail>> PythonJail::open() {
  const std::atomic<bool> never{false};
  const auto ran = run_jailed({.source = "print(6 * 7)", .milliseconds_max = 10'000}, never);
  if (ran && ran->ended && ran->status == 0 && ran->output == "42\n")
    return std::shared_ptr<PythonJail>(new PythonJail);
  return fail(ErrorKind::unsupported,
              "programs cannot be run apart here: {}; it takes unshare, setpriv, prlimit and "
              "/usr/bin/python3, and a kernel that lets users have namespaces",
              ran ? ran->complaints : ran.error().message);
}

Result<void> PythonJail::run(Program program, Told told) {
  const auto asked = Clock::now();
  return errands_.add(
      [this, asked, program = std::move(program), told = std::move(told)]() mutable {
        if (errands_.closed()) return told(fail(ErrorKind::cancelled, "the server is stopping"));
        const int64_t most = program.milliseconds_max;
        program.milliseconds_max -=
            std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - asked).count();
        if (program.milliseconds_max < most / 2)  // nobody is called wrong for having waited
          return told(fail(ErrorKind::exhausted, "too many programs wait to be run"));
        told(run_jailed(program, errands_.closed()));
      });
}

}  // namespace mill::inference
