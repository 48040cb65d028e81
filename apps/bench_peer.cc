#include "apps/bench_peer.h"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

namespace mill::apps {
namespace {

using nlohmann::json;

// Measures with llama.cpp's C API through llama-cpp-python: argv = model, threads, prompt, answer.
// Defaults but for the threads and a context that fits, one warm-up of each kind.
constexpr const char* kPythonDriver = R"py(
import ctypes, json, sys, time
import llama_cpp as L
if len(sys.argv) == 1:
    print(L.__version__); sys.exit()
silent = L.llama_log_callback(lambda level, text, data: None)
L.llama_log_set(silent, ctypes.c_void_p(0))
path, threads, prompt, answer = sys.argv[1], *map(int, sys.argv[2:5])
L.llama_backend_init()
model = L.llama_model_load_from_file(path.encode(), L.llama_model_default_params())
if not model: sys.exit("llama.cpp cannot load " + path)
params = L.llama_context_default_params()
params.n_ctx = max(prompt, answer) + 64
params.n_batch = params.n_ubatch = max(prompt, 64)
params.n_threads = params.n_threads_batch = threads
context = L.llama_init_from_model(model, params)
vocab = L.llama_vocab_n_tokens(L.llama_model_get_vocab(model))
memory = L.llama_get_memory(context)
tokens = [(i * 7919 + 11) % vocab for i in range(max(prompt, answer) + 1)]
def decode(part):
    array = (L.llama_token * len(part))(*part)
    if L.llama_decode(context, L.llama_batch_get_one(array, len(part))) != 0:
        sys.exit("llama_decode failed")
def prefill():
    L.llama_memory_clear(memory, True)
    start = time.perf_counter(); decode(tokens[:prompt])
    return prompt / (time.perf_counter() - start)
def generate(n):
    L.llama_memory_clear(memory, True); decode(tokens[:1])
    start = time.perf_counter()
    for i in range(n): decode(tokens[i + 1:i + 2])
    return n / (time.perf_counter() - start)
prefill(); generate(8)
print(json.dumps({"prefill_%d" % prompt: prefill(), "decode_1": generate(answer)}))
)py";

std::string quoted(const std::string& word) {
  std::string out = "'";
  for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// Standard output of a program that succeeded; else nothing.
std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "";
  std::string text;
  std::array<char, 4096> buffer;
  for (size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    text.append(buffer.data(), n);
  return pclose(pipe) == 0 ? text : "";
}

std::string python_command(const std::string& program) {
  return quoted(program) + " -c " + quoted(kPythonDriver);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::map<std::string, double> from_llama_bench(const std::string& text, const PeerJob& job) {
  std::map<std::string, double> rates;
  const json rows = json::parse(text, nullptr, false);
  if (!rows.is_array()) return rates;
  for (const json& row : rows) {
    if (!row.is_object()) continue;
    const bool prefill = row.value("n_prompt", 0) > 0;
    rates[prefill ? fmt::format("prefill_{}", job.prompt) : "decode_1"] = row.value("avg_ts", 0.0);
  }
  return rates;
}

}  // namespace

Result<Peer> find_llama_cpp(const std::string& path) {
  const bool given = !path.empty();
  if (!given || path.find("llama-bench") != std::string::npos) {
    const std::string program = given ? path : "llama-bench";
    const std::string help = output_of(quoted(program) + " --help 2>/dev/null");
    if (!help.empty()) return Peer{program, false, "llama-bench"};
  }
  const std::string program = given ? path : "python3";
  const std::string version = output_of(python_command(program) + " 2>/dev/null");
  if (!version.empty()) return Peer{program, true, "llama-cpp-python " + first_line(version)};
  return fail(ErrorKind::not_found,
              "no llama.cpp found{}; give its llama-bench, or a Python with llama-cpp-python, with "
              "--peer PATH",
              given ? " at " + path : " on the PATH");
}

Result<std::map<std::string, double>> run_peer(const Peer& peer, const PeerJob& job) {
  const std::string command =
      peer.python
          ? fmt::format("{} {} {} {} {}", python_command(peer.program), quoted(job.model),
                        job.threads, job.prompt, job.answer)
          : fmt::format("{} -m {} -t {} -p {} -n {} -r 1 -o json 2>/dev/null", quoted(peer.program),
                        quoted(job.model), job.threads, job.prompt, job.answer);
  const std::string text = output_of(command);
  std::map<std::string, double> rates;
  if (!peer.python) rates = from_llama_bench(text, job);
  const json object = peer.python ? json::parse(text, nullptr, false) : json();
  if (object.is_object()) {
    for (const auto& [name, rate] : object.items()) rates[name] = rate.get<double>();
  }
  if (rates.empty())
    return fail(ErrorKind::unsupported, "{} could not run {}", peer.program, job.model);
  return rates;
}

}  // namespace mill::apps
