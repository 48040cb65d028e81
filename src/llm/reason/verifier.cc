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
};

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
    if (row.needs_schema == options.schema.is_null())
      return fail(ErrorKind::invalid, "the verifier '{}' goes with{} a 'schema'", row.name,
                  row.needs_schema ? "" : "out");
    if (row.needs_url == options.url.empty())
      return fail(ErrorKind::invalid, "the verifier '{}' goes with{} a 'url'", row.name,
                  row.needs_url ? "" : "out");
    return row.make(options);
  }
  return fail(ErrorKind::invalid, "there is no verifier '{}'; there are {}", options.name, known);
}

Result<VerifierPointer> likelihood_verifier(const VerifierOptions&) {
  return std::make_shared<Likelihood>();
}

}  // namespace mill::llm
