// An answer is right if its Python passes the tests that came with the request. The code is its
// last fenced block; both run apart from this process (Jail), the tests behind the code, in one
// name space:
//
//   ```python                       tests: "assert add(1, 2) == 3\nassert add(0, 0) == 0"
//   def add(a, b): return a + b
//   ```
//
// It has passed if the last thing that is said is a word that only whoever runs the tests knows:
// an answer that ends the program has not. One that looks for the word in its caller finds it: this
// tells answers that work from those that do not, it does not stop one that is written to cheat.

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "llm/reason/verifier.h"

namespace mill::llm {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kTestsMax = 65'536, kWhyBytes = 200;

constexpr const char* kHarness = R"(
import json, sys
it = json.load(sys.stdin)
word, names = it.pop("word"), {"__name__": "answer"}
exec(compile(it["code"], "answer.py", "exec"), names)
exec(compile(it["tests"], "tests.py", "exec"), names)
print("\n" + word)
)";

// What the last pair of ``` has between it, without the language's name.
std::string last_block(std::string_view text) {
  const size_t close = text.rfind("```");
  if (close == text.npos || close == 0) return "";
  const size_t open = text.rfind("```", close - 1);
  if (open == text.npos) return "";
  const std::string_view inside = text.substr(open + 3, close - open - 3);
  const size_t line = inside.find('\n');
  return line == inside.npos ? "" : std::string(inside.substr(line + 1));
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const size_t line = text.rfind('\n');
  std::string last(line == text.npos ? text : text.substr(line + 1));
  for (char& c : last)
    if (c < ' ' || c > '~') c = '?';
  last.resize(std::min(last.size(), kWhyBytes));
  return last;
}

class UnitTests : public Verifier {
 public:
  explicit UnitTests(const VerifierOptions& options) : tests_(options.tests), jail_(options.jail) {}

  Result<Judgement> judge(const PathEnd&) const override {
    return fail(ErrorKind::unsupported, "nobody has run the tests");
  }
  bool takes_time() const override { return true; }

  Result<void> ask(const PathEnd& end, int64_t milliseconds_max, Told told) const override {
    if (end.step) return fail(ErrorKind::unsupported, "it is a program only when it is whole");
    const std::string code = last_block(end.text);
    if (code.empty()) return fail(ErrorKind::unsupported, "it has no block of code");
    const std::string word = fmt::format("passed {:016x}", std::hash<std::string>{}(code + tests_));
    const Json input = {{"code", code}, {"tests", tests_}, {"word", word}};
    const auto heard = [told = std::move(told), word](const Result<Jail::Ran>& ran) {
      if (!ran) return told(std::unexpected(ran.error()));
      const bool passed = ran->ended && ran->status == 0 && last_line(ran->output) == word;
      const std::string complaint = last_line(ran->complaints);
      if (passed) return told(Judgement{.right = true, .score = 1, .why = "it passes the tests"});
      const bool silent = complaint.empty();
      told(Judgement{.why = !ran->ended ? "it did not end in time"
                            : silent    ? "it ends before the tests do"
                                        : complaint});
    };
    return jail_->run({.source = kHarness,
                       .input = input.dump(-1, ' ', false, Json::error_handler_t::replace),
                       .milliseconds_max = milliseconds_max},
                      heard);
  }

 private:
  std::string tests_;
  std::shared_ptr<Jail> jail_;
};

}  // namespace

Result<VerifierPointer> unit_tests_verifier(const VerifierOptions& options) {
  if (options.jail == nullptr)
    return fail(ErrorKind::invalid,
                "this server runs no programs of answers; its operator allows it with "
                "--verifier-unit-tests");
  if (options.tests.size() > kTestsMax)
    return fail(ErrorKind::invalid, "'tests' may have {} bytes, not {}", kTestsMax,
                options.tests.size());
  return std::make_shared<UnitTests>(options);
}

}  // namespace mill::llm
