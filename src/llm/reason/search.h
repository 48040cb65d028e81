#pragma once
// How to spend more tokens on a better answer: several paths from one prompt, whose ends decide
// which goes on and which answer is shown. A search is a pure step on its state, like the
// scheduler: it hears how each path has ended, and says which need not go on. The engine runs the
// paths side by side, and their common prompt lies in the cache once.
//
// The answer that is shown depends on the paths alone, not on the order in which they end: so the
// same seed gives the same answer, whatever else the server does. How many tokens the other paths
// get before they are stopped may differ.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mill::llm {

struct PathEnd {
  uint32_t path = 0;
  std::string_view text = {};  // the answer, without thoughts
  double logprob_mean = 0;     // of all its tokens, those of thoughts too
  bool cut = false;            // by its limit of tokens
};

struct Verdict {
  std::vector<uint32_t> stop = {};  // paths that may be under way, and need not go on
  std::string note = {};            // for whoever watches: a sentence
};

class Search {
 public:
  virtual ~Search() = default;
  virtual uint32_t paths() const = 0;         // all begin at once
  virtual Verdict ended(const PathEnd&) = 0;  // each path at most once; not those stopped
  virtual uint32_t shown() const = 0;         // once all have ended or were stopped
};

struct SearchOptions {
  std::string method;
  uint32_t n = 8;  // paths
};
inline constexpr uint32_t kPathsMax = 256;

// A method is a file and a row here.
struct SearchMethod {
  std::string_view name, summary;
  std::unique_ptr<Search> (*make)(uint32_t n);
};
std::span<const SearchMethod> search_methods();
// An unknown method is refused (invalid) with the list of those that there are.
Result<std::unique_ptr<Search>> make_search(const SearchOptions&);

std::unique_ptr<Search> self_consistency(uint32_t n);
std::unique_ptr<Search> best_of_n(uint32_t n);

}  // namespace mill::llm
