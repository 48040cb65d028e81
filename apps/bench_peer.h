#pragma once
// Another engine as a peer of `tokenmill bench`: the same file, the same number of threads, the
// same cases, in a process of its own.

#include <memory>
#include <optional>
#include <string>

#include "apps/bench_cases.h"
#include "base/error.h"

namespace mill::apps {

struct PeerJob {
  std::string model;
  unsigned threads = 0;
};

struct PeerFigure {
  double tokens_per_s = 0;
  std::string settings;  // which of its own it was fastest with
};

class Peer {
 public:
  virtual ~Peer() = default;
  virtual const std::string& version() const = 0;
  // Nothing where the peer has no such case.
  virtual Result<std::optional<PeerFigure>> run(const BenchCase&) = 0;
};

// What `--vs` takes, for its help and its errors: "llama.cpp, ik_llama.cpp".
std::string peer_names();

// `path` says where the peer is:
//   a Python that has llama-cpp-python (for llama.cpp only); "" = the one on the PATH;
//   a folder with include/llama.h and lib/libllama.so, as `cmake --install` makes it;
//   a `llama-bench`, for prefills and one stream.
Result<std::unique_ptr<Peer>> open_peer(const std::string& name, const std::string& path,
                                        const PeerJob&);

}  // namespace mill::apps
