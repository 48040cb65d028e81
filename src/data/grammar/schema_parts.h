#pragma once
// What a JSON Schema comes down to. A schema is a condition; several of them that hold together,
// some of them turned round, are a conjunction, and a conjunction is a union of leaves, in which
// every keyword has found its place and nothing is left to choose.

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "data/grammar/effort.h"
#include "data/grammar/schema_index.h"

namespace mill::grammar {

struct Atom {
  const Json* schema = nullptr;
  bool negated = false;
  auto operator<=>(const Atom&) const = default;
};
using Conjunction = std::vector<Atom>;

enum TypeBit : uint8_t {
  kNull = 1,
  kBoolean = 2,
  kInteger = 4,
  kFraction = 8,  // a number that is no integer
  kNumber = kInteger | kFraction,
  kString = 16,
  kArray = 32,
  kObject = 64,
  kAnyType = 127,
};

struct CountRange {
  static constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();
  uint64_t min = 0, max = kNone;
  bool empty() const { return min > max; }
  bool is_free() const { return min == 0 && max == kNone; }
};

struct Limit {
  const Json* value = nullptr;  // a number
  bool exclusive = false;
};

// A keyword's value, and the schema that it stands in, for messages.
struct Said {
  const Json* value = nullptr;
  const Json* schema = nullptr;
  bool negated = false;
};

struct Leaf {
  uint8_t types = kAnyType;
  std::optional<std::vector<const Json*>> values;  // one of these, which meet all the rest
  std::vector<const Json*> excluded;               // none of these

  CountRange length;
  std::vector<Said> patterns, formats;  // of strings

  std::vector<Limit> least, most;
  std::vector<Said> multiples;

  CountRange items;
  std::vector<const Json*> arrays;  // schemas with keywords of items
  std::vector<Said> contains;
  const Json* unique = nullptr;  // the schema that wants it

  CountRange properties;
  std::vector<const Json*> objects;  // schemas with keywords of properties
  std::vector<std::string> required;
  std::vector<Said> names;       // propertyNames
  const Json* closed = nullptr;  // unevaluatedProperties: false
};

// Keywords that schemas do not have; only those that we make up ourselves do.
inline constexpr const char* kExcluded =
    "\x01"
    "excluded";  // values that it is not
inline constexpr const char* kNotPattern =
    "\x01"
    "not pattern";  // a pattern that is not found
inline constexpr const char* kNot =
    "\x01"
    "not";  // the number of a schema that does not hold
inline constexpr const char* kFractionName =
    "\x01"
    "fraction";  // a type

// The schema as it was given, and the parts that were made up of it.
struct SchemaSource {
  SchemaSource(SchemaIndex index_of_it, Effort& counted)
      : index(std::move(index_of_it)), effort(counted) {}

  SchemaIndex index;
  Effort& effort;  // what all that is read of it is counted in
  std::deque<Json> made_up;
  std::unordered_map<const Json*, bool> is_made_up;
  std::vector<const Json*> numbered;  // what kNot refers to

  const Json* make(Json schema, const Json* instead_of);
  bool made(const Json* schema) const { return is_made_up.contains(schema); }
};

// The member of this name, if the schema is an object that has it.
const Json* member(const Json& schema, const char* name);

uint8_t type_bits(std::string_view name);  // 0: no such type
uint8_t type_of(const Json& value);
bool same_value(const Json& a, const Json& b);  // 1 and 1.0 are the same, order of keys is none

}  // namespace mill::grammar
