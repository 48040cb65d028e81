#pragma once
// llama.cpp as a peer of `tokenmill bench`: the same file, the same number of threads, the same
// cases, in a process of its own for each run.

#include <map>
#include <string>

#include "base/error.h"

namespace mill::apps {

struct Peer {
  std::string program;  // a `llama-bench`, or a Python that has `llama_cpp`
  bool python = false;
  std::string version;
};

// `path` may be "": then `llama-bench` and `python3` are looked for on the PATH.
Result<Peer> find_llama_cpp(const std::string& path);

struct PeerJob {
  std::string model;
  unsigned threads = 0;
  uint32_t prompt = 0, answer = 0;  // tokens of the prefill and of the decode case
};

// Tokens a second by case name, those cases that the peer's tool measures: prefill and one stream.
Result<std::map<std::string, double>> run_peer(const Peer&, const PeerJob&);

}  // namespace mill::apps
