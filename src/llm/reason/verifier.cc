#include "llm/reason/verifier.h"

#include <fmt/format.h>

#include <array>

namespace mill::llm {
namespace {

constexpr std::array kVerifiers = {
    VerifierRow{.name = "likelihood",
                .summary = "the mean of its tokens' log probabilities",
                .make = likelihood_verifier},
    VerifierRow{.name = "arithmetic",
                .summary = "every calculation that it writes down, done again",
                .make = arithmetic_verifier},
    VerifierRow{.name = "json_schema",
                .summary = "it is JSON that meets the schema",
                .needs_schema = true,
                .make = json_schema_verifier},
    VerifierRow{.name = "http",
                .summary = "what an endpoint of the user's own says",
                .needs_url = true,
                .make = http_verifier},
    VerifierRow{.name = "unit_tests",
                .summary = "its code passes the tests",
                .needs_tests = true,
                .make = unit_tests_verifier},
};

// What the verifier needs is given, and nothing else.
Result<void> check_given(const VerifierRow& row, const VerifierOptions& options) {
  struct Part {
    const char* name;
    bool needed, given;
  };
  for (const Part& it : {Part{"schema", row.needs_schema, !options.schema.is_null()},
                         Part{"url", row.needs_url, !options.url.empty()},
                         Part{"tests", row.needs_tests, !options.tests.empty()}}) {
    if (it.needed == it.given) continue;
    return fail(ErrorKind::invalid, "the verifier '{}' goes with{} a '{}'", row.name,
                it.needed ? "" : "out", it.name);
  }
  return {};
}

// So that a long answer is not worse for its length.
class Likelihood : public Verifier {
 public:
  Result<Judgement> judge(const PathEnd& end) const override {
    return Judgement{.score = end.logprob_mean,
                     .why = fmt::format("{:.3f} a token", end.logprob_mean)};
  }
  bool compares_only() const override { return true; }
};

}  // namespace

std::span<const VerifierRow> verifiers() { return kVerifiers; }

Result<VerifierPointer> make_verifier(const VerifierOptions& options) {
  std::string known;
  for (const VerifierRow& row : kVerifiers) {
    known += fmt::format("{}'{}'", known.empty() ? "" : ", ", row.name);
    if (row.name != options.name) continue;
    TRY(check_given(row, options));
    return row.make(options);
  }
  return fail(ErrorKind::invalid, "there is no verifier '{}'; there are {}", options.name, known);
}

Result<VerifierPointer> likelihood_verifier(const VerifierOptions&) {
  return std::make_shared<Likelihood>();
}

}  // namespace mill::llm
