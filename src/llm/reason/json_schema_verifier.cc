// An answer is right if it is one JSON value that meets the schema, with nothing but white space
// around it. The schema's keywords are those of structured output (docs/structured_output.md), but
// here the model writes freely, in any order of members.

#include <fmt/format.h>

#include "data/grammar/schema_index.h"
#include "data/grammar/schema_validator.h"
#include "llm/reason/verifier.h"

namespace mill::llm {
namespace {

using grammar::Json;

constexpr uint64_t kStepsMax = 1'000'000;  // some 40 ms (data/grammar/effort.h)
constexpr int kDepthMax = 64;

class JsonSchema : public Verifier {
 public:
  explicit JsonSchema(Json schema) : schema_(std::move(schema)) {}

  Result<Judgement> judge(const PathEnd& end) const override {
    if (end.step) return fail(ErrorKind::unsupported, "it is JSON only when it is whole");
    bool deep = false;
    const auto depth = [&](int at, Json::parse_event_t, Json&) {
      deep |= at > kDepthMax;
      return !deep;
    };
    const Json value = Json::parse(end.text, depth, false);
    if (deep) return fail(ErrorKind::exhausted, "JSON nested deeper than {}", kDepthMax);
    if (value.is_discarded()) return Judgement{.right = false, .score = 0, .why = "not JSON"};
    TRY_ASSIGN(const bool valid, meets(value));
    if (!valid) return Judgement{.right = false, .score = 0.5, .why = "not as the schema says"};
    return Judgement{.right = true, .score = 1, .why = "as the schema says"};
  }

  Result<bool> meets(const Json& value) const {
    TRY_ASSIGN(auto index, grammar::SchemaIndex::of(schema_));
    grammar::Effort effort(kStepsMax);
    grammar::SchemaSource source(std::move(index), effort);
    TRY_ASSIGN(const bool valid, grammar::Validator(source).valid(&schema_, value));
    TRY(effort.check());
    return valid;
  }

 private:
  Json schema_;
};

}  // namespace

Result<VerifierPointer> json_schema_verifier(const VerifierOptions& options) {
  if (!options.schema.is_object() && !options.schema.is_boolean())
    return fail(ErrorKind::invalid, "'schema' must be a JSON Schema, an object");
  auto verifier = std::make_shared<JsonSchema>(options.schema);
  TRY(grammar::SchemaIndex::of(options.schema));
  return verifier;
}

}  // namespace mill::llm
