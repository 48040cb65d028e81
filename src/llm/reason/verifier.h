#pragma once
// Who says how good an answer is. A verifier is pure: the same answer, the same judgement. One that
// cannot judge an answer says so by an Error, and the answer counts as unverified: it is neither
// preferred to one that was found right nor put behind one that was found wrong.

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mill::llm {

struct Judgement {
  bool right = false;
  bool unknown = false;  // it has a score alone: neither right nor wrong
  double score = 0;      // the larger, the better
  std::string why = {};  // for whoever watches: a few words
};

struct PathEnd {
  uint32_t path = 0;
  std::string_view text = {};  // the answer, without thoughts
  double logprob_mean = 0;     // of all its tokens, those of thoughts too
  uint32_t tokens = 0;
  bool cut = false;      // by its limit of tokens, or by the time
  bool step = false;     // with a line (PathStart::step): `text` is what there is of its answer
  bool thought = false;  // it had thoughts, and ended with them or within them
  const Result<Judgement>* said = nullptr;  // by a verifier that takes its time
};

class Verifier {
 public:
  virtual ~Verifier() = default;
  virtual Result<Judgement> judge(const PathEnd&) const = 0;
  virtual bool compares_only() const { return false; }  // it finds no answer right or wrong

  // One that takes its time is asked by whoever runs the paths, before the search hears of the end.
  // `told` is called once, by `milliseconds_max`, on a thread of its own; never, if this fails.
  using Told = std::function<void(Result<Judgement>)>;
  virtual bool takes_time() const { return false; }
  virtual Result<void> ask(const PathEnd&, int64_t /*milliseconds_max*/, Told) const {
    return fail(ErrorKind::unsupported, "it judges at once");
  }
};
using VerifierPointer = std::shared_ptr<const Verifier>;

// Carries questions out of the process, and brings the answers back. Any thread may call it.
class Courier {
 public:
  virtual ~Courier() = default;
  virtual Result<void> allows(std::string_view url) const = 0;  // refused: where it may not go
  // `told` is called once, by `milliseconds_max`, on a thread of its own; never, if this fails: it
  // is too busy, or closed.
  struct Question {
    std::string url, body;  // of a POST, in JSON
    int64_t milliseconds_max = 0;
  };
  using Told = std::function<void(Result<std::string>)>;
  virtual Result<void> carry(Question, Told) = 0;
  virtual void close() = 0;  // whoever still waits is told so, before it returns
};

// Runs Python that an answer has written, apart from this process.
class Jail {
 public:
  virtual ~Jail() = default;
  struct Program {
    std::string source = {}, input = {};
    int64_t milliseconds_max = 0;
  };
  struct Ran {
    bool ended = false;  // by itself; else it was, for its time or its output
    int status = 0;
    std::string output = {}, complaints = {};  // the last of what it wrote
  };
  // As a Courier's.
  using Told = std::function<void(Result<Ran>)>;
  virtual Result<void> run(Program, Told) = 0;
  virtual void close() = 0;
};

struct VerifierOptions {
  std::string name = {};
  nlohmann::ordered_json schema = nullptr;  // of json_schema; null = there is none
  std::string url = {};                     // of http
  std::string prompt = {};                  // what is answered: for http
  std::shared_ptr<Courier> courier = {};    // null = nobody outside is asked
  std::string tests = {};                   // of unit_tests: Python
  std::shared_ptr<Jail> jail = {};          // null = nothing of answers is run
};

// A verifier is a file and a row here.
struct VerifierRow {
  std::string_view name, summary;
  bool needs_schema = false, needs_url = false, needs_tests = false;
  Result<VerifierPointer> (*make)(const VerifierOptions&);
};
std::span<const VerifierRow> verifiers();
// An unknown one is refused (invalid) with the list of those that there are.
Result<VerifierPointer> make_verifier(const VerifierOptions&);

Result<VerifierPointer> likelihood_verifier(const VerifierOptions&);
Result<VerifierPointer> arithmetic_verifier(const VerifierOptions&);
Result<VerifierPointer> json_schema_verifier(const VerifierOptions&);
Result<VerifierPointer> http_verifier(const VerifierOptions&);
Result<VerifierPointer> unit_tests_verifier(const VerifierOptions&);

}  // namespace mill::llm
