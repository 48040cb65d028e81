#pragma once
// Whether a value meets a schema: what an enum's values are tried with. Knows the same keywords as
// the expander does, by the shortest way.

#include <string>
#include <unordered_map>

#include "data/grammar/language.h"
#include "data/grammar/schema_parts.h"

namespace mill::grammar {

// Automata of patterns, each made once.
class PatternCache {
 public:
  explicit PatternCache(Effort& effort) : effort_(effort) {}

  // Of texts in which the pattern is found.
  Result<const Automaton*> search(const std::string& pattern);

 private:
  Effort& effort_;
  std::unordered_map<std::string, Automaton> known_;
};

class Validator {
 public:
  explicit Validator(SchemaSource& source) : source_(source), patterns_(source.effort) {}

  Result<bool> valid(const Json* schema, const Json& value);

 private:
  Result<bool> keyword(const std::string& name, const Json& said, const Json* schema,
                       const Json& value);
  Result<bool> combined(const std::string& name, const Json& said, const Json* schema,
                        const Json& value);
  Result<bool> number(const std::string& name, const Json& said, const Json* schema, double value);
  Result<bool> text(const std::string& name, const Json& said, const std::string& value);
  Result<bool> array(const std::string& name, const Json& said, const Json* schema,
                     const Json& value);
  Result<bool> object(const std::string& name, const Json& said, const Json* schema,
                      const Json& value);
  Result<bool> member_values(const Json* schema, const Json& value);
  Result<bool> is_among(const Json& list, const Json& value);
  Result<bool> dependencies(const Json& said, const Json& value);
  Result<size_t> how_many(const Json& schemas, const Json& value);

  SchemaSource& source_;
  PatternCache patterns_;
  int depth_ = 0;
};

}  // namespace mill::grammar
