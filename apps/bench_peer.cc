#include "apps/bench_peer.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "apps/bench_peer_driver.h"
#include "apps/child_process.h"

namespace mill::apps {
namespace {

using nlohmann::json;

// The whole output of a program that succeeded; else nothing.
std::string output_of(const std::vector<std::string>& arguments) {
  Result<Child> child = Child::start(arguments);
  if (!child) return "";
  std::string all;
  for (std::string part = child->read_some(); !part.empty(); part = child->read_some()) all += part;
  return child->wait().exit_code == 0 ? all : "";
}

// The driver (bench_peer_driver.h) keeps the model open, and waits between the cases.
class DrivenPeer final : public Peer {
 public:
  static Result<std::unique_ptr<Peer>> open(std::string name, std::vector<std::string> command) {
    auto peer = std::unique_ptr<DrivenPeer>(new DrivenPeer(std::move(name), std::move(command)));
    TRY(peer->start());
    return peer;
  }

  const std::string& version() const override { return version_; }

  Result<std::optional<PeerFigure>> run(const BenchCase& c) override {
    if (c.is_start()) return run_start();
    const auto known = flash_.find(c.name);
    if (known != flash_.end() && !known->second) return std::nullopt;
    std::optional<PeerFigure> best;
    for (const bool flash : {true, false}) {
      if (known != flash_.end() && *known->second != flash) continue;
      if (!flash && c.kv == kernels::KvType::q8) continue;  // q8 values need it
      TRY_ASSIGN(const std::optional<double> rate, rate_of(c, flash));
      if (rate && (!best || *rate > best->tokens_per_s))
        best = {*rate, fmt::format("flash attention {}", flash ? "on" : "off")};
    }
    flash_[c.name] = best ? std::optional(best->settings.ends_with("on")) : std::nullopt;
    return best;
  }

 private:
  DrivenPeer(std::string name, std::vector<std::string> command)
      : name_(std::move(name)), command_(std::move(command)) {}

  Result<void> start() {
    TRY_ASSIGN(Child child, Child::start(command_));
    Result<std::string> hello = child.read_line();
    const json version = hello ? json::parse(*hello, nullptr, false) : json();
    if (!version.is_object())
      return fail(ErrorKind::unsupported, "{} could not load the model", name_);
    version_ = name_ + " (" + version.value("version", "") + ")";
    child_ = std::make_unique<Child>(std::move(child));
    return {};
  }

  // Nothing where the peer fails, or dies, in which case another one is started.
  Result<std::optional<double>> rate_of(const BenchCase& c, bool flash) {
    const json request = {
        {"prompt", c.prompt},   {"answer", c.answer},
        {"streams", c.streams}, {"depth", c.depth},
        {"flash", flash},       {"kv", c.kv == kernels::KvType::q8 ? "q8" : "f16"}};
    Result<std::string> line;
    if (child_->write_line(request.dump())) line = child_->read_line();
    const json answer = line ? json::parse(*line, nullptr, false) : json();
    if (answer.is_object() && answer.value("tokens_per_s", 0.0) > 0)
      return answer["tokens_per_s"].get<double>();
    const std::string reason = answer.is_object() ? answer.value("error", "it says nothing") : "";
    fmt::print(stderr, "{} cannot run {} with flash attention {}: {}\n", name_, c.name,
               flash ? "on" : "off", reason.empty() ? "it died" : reason);
    if (!answer.is_object()) TRY(start());
    return std::nullopt;
  }

  Result<std::optional<PeerFigure>> run_start() {
    std::vector<std::string> command = command_;
    command.push_back("start");
    const json answer = json::parse(output_of(command), nullptr, false);
    if (!answer.is_object() || answer.value("seconds", 0.0) <= 0) return std::nullopt;
    return PeerFigure{1 / answer["seconds"].get<double>(), ""};
  }

  std::string name_, version_;
  std::vector<std::string> command_;
  std::unique_ptr<Child> child_;
  // By case, with which it is faster, found out at the first run; nothing where neither works.
  std::map<std::string, std::optional<bool>> flash_;
};

// `llama-bench`, of whatever version: a run of its own for each case that it knows.
class ToolPeer final : public Peer {
 public:
  ToolPeer(std::string program, const PeerJob& job)
      : program_(std::move(program)), job_(job), version_("llama-bench") {}

  const std::string& version() const override { return version_; }

  Result<std::optional<PeerFigure>> run(const BenchCase& c) override {
    if (c.is_start() || c.streams > 1 || c.depth > 0) return std::nullopt;
    const std::string text = output_of(
        {program_, "-m", job_.model, "-t", std::to_string(job_.threads), "-p",
         std::to_string(c.prompt), "-n", std::to_string(c.answer), "-r", "1", "-o", "json"});
    const json rows = json::parse(text, nullptr, false);
    if (!rows.is_array() || rows.empty() || rows[0].value("avg_ts", 0.0) <= 0)
      return fail(ErrorKind::unsupported, "{} could not run {} on {}", program_, c.name,
                  job_.model);
    return PeerFigure{rows[0]["avg_ts"].get<double>(), "as it comes"};
  }

 private:
  std::string program_;
  PeerJob job_;
  std::string version_;
};

Result<std::unique_ptr<Peer>> open_driven(const std::string& name, const std::string& python,
                                          const std::string& folder, const PeerJob& job) {
  return DrivenPeer::open(
      name, {python, "-c", kPeerDriver, job.model, std::to_string(job.threads), folder});
}

constexpr std::array<std::string_view, 2> kPeers = {"llama.cpp", "ik_llama.cpp"};

}  // namespace

std::string peer_names() { return "llama.cpp, ik_llama.cpp"; }

Result<std::unique_ptr<Peer>> open_peer(const std::string& name, const std::string& path,
                                        const PeerJob& job) {
  if (std::ranges::find(kPeers, name) == kPeers.end())
    return fail(ErrorKind::invalid, "--vs {} does not exist; there are {}", name, peer_names());
  if (std::filesystem::exists(path + "/include/llama.h"))
    return open_driven(name, "python3", path, job);
  const bool tool = path.find("llama-bench") != std::string::npos;
  if (tool && !output_of({path, "--help"}).empty()) return std::make_unique<ToolPeer>(path, job);
  const std::string python = path.empty() ? "python3" : path;
  const bool has_package =
      !tool && name == "llama.cpp" && !output_of({python, "-c", kPeerDriver}).empty();
  if (has_package) return open_driven(name, python, "", job);
  return fail(ErrorKind::not_found,
              "no {} found{}; give a folder with its include/llama.h and lib/libllama.so, its "
              "llama-bench{} with --peer PATH",
              name, path.empty() ? " on the PATH" : " at " + path,
              name == "llama.cpp" ? ", or a Python with llama-cpp-python," : "");
}

}  // namespace mill::apps
