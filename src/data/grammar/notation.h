#pragma once
// How a call of a tool writes its arguments down. An object {"a": "x", "b": [true]} is
//
//   json     {"a": "x", "b": [true]}
//   python   a="x", b=[True]             what stands between the parentheses
//   tagged   <parameter=a>↵x↵</parameter>↵<parameter=b>↵[true]↵</parameter>↵
//
// Tagged values are bare text where the schema says "string", and JSON otherwise: who reads them
// and who writes them go by the same rule.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace mill::grammar {

enum class Notation : uint8_t { json, python, tagged };

inline constexpr std::string_view kParameterOpen = "<parameter=", kParameterClose = "</parameter>";

// What the arguments' schema says about a name, where it says so by this name or about all that it
// does not name; null if it says nothing. The empty name, which no call can write, asks about the
// latter.
const nlohmann::ordered_json* argument_schema(const nlohmann::ordered_json& schema,
                                              const std::string& name);

// Whether the tagged notation writes the argument as bare text.
bool is_bare_argument(const nlohmann::ordered_json& schema, const std::string& name);

// A value as JSON or, with `quote` around its strings, as Python has it.
std::string json_text(const nlohmann::ordered_json& value);
std::string python_text(const nlohmann::ordered_json& value, char quote);

}  // namespace mill::grammar
