#pragma once
// How to spend more tokens on a better answer: several paths, whose ends decide which goes on,
// which begin, and which answer is shown. A search is a pure step on its state, like the scheduler:
// it hears how each path has ended, and says what follows. The engine runs the paths side by side,
// and what they have in common lies in the cache once.
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
#include "llm/reason/verifier.h"

namespace mill::llm {

// How a path begins.
struct PathStart {
  enum class From : uint8_t {
    prompt,
    thoughts,  // from the thoughts of one that has ended, as if it had not ended them …
    answer,    // … as if it had, and now came to its answer
    turn,      // from the answer of one that has ended, after which its user says something
    step,      // from one that has ended with a step, as if it had not
  };
  uint32_t path = 0;  // its number, below paths(); its seed goes by it
  From from = From::prompt;
  uint32_t after = 0;          // the one that has ended
  std::string text = {};       // thoughts: how they go on. turn: what its user says
  bool thoughts_only = false;  // it ends where its thoughts do
  bool step = false;           // it ends where its next line does
  bool aside = false;          // what it says is no answer, and need not look like one
  uint32_t tokens_max = 0;     // 0 = as many as any path
};

struct Verdict {
  std::vector<uint32_t> stop = {};    // paths that may be under way, and need not go on
  std::vector<PathStart> begin = {};  // those that follow from what has ended
  std::string note = {};              // for whoever watches: a sentence
};

class Search {
 public:
  virtual ~Search() = default;
  virtual uint32_t paths() const = 0;                   // at most
  virtual uint32_t answers() const { return paths(); }  // … which come to so many whole answers
  virtual std::vector<PathStart> begin() const;  // the first ones: usually all, from the prompt
  virtual uint32_t tokens_each() const { return 0; }  // that a path may make; 0 = no limit of ours
  virtual Verdict ended(const PathEnd&) = 0;          // each path at most once; not those stopped
  // Once all have ended or were stopped, or when there is no more time. One that has ended.
  virtual uint32_t shown() const = 0;
  // Whether its verifier says that the answer shown is right; none where nobody was asked.
  virtual std::optional<bool> verified() const { return std::nullopt; }
};

struct SearchOptions {
  std::string method = {};
  uint32_t n = 0;                      // paths; 0 = as many as the method usually has
  uint32_t budget_tokens = 0;          // of all paths together; 0 = no limit but each path's own
  VerifierPointer verifier = nullptr;  // null = likelihood
};
inline constexpr uint32_t kPathsMax = 256;

// A method is a file and a row here. `make` is given valid options: n is not 0.
struct SearchMethod {
  std::string_view name, summary;
  uint32_t n_usual = 8;
  bool draws = true;      // its paths differ by what is drawn alone: the temperature is above 0
  bool thinks = false;    // it goes by the model's thoughts, so that there have to be some
  bool verifies = false;  // it asks a verifier
  bool steps = false;     // its paths are parts of answers, which end anywhere
  Result<std::unique_ptr<Search>> (*make)(const SearchOptions&);
};
std::span<const SearchMethod> search_methods();
// An unknown one is refused (invalid) with the list of those that there are.
Result<const SearchMethod*> search_method(std::string_view name);
Result<std::unique_ptr<Search>> make_search(SearchOptions);

Result<std::unique_ptr<Search>> self_consistency(const SearchOptions&);
Result<std::unique_ptr<Search>> best_of_n(const SearchOptions&);
Result<std::unique_ptr<Search>> reflect(const SearchOptions&);
Result<std::unique_ptr<Search>> budget_forcing(const SearchOptions&);
Result<std::unique_ptr<Search>> beam_search(const SearchOptions&);
Result<std::unique_ptr<Search>> dvts(const SearchOptions&);
Result<std::unique_ptr<Search>> mcts(const SearchOptions&);
Result<std::unique_ptr<Search>> auto_search(const SearchOptions&);

}  // namespace mill::llm
