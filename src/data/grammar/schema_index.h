#pragma once
// Where each part of a schema is, and what a "$ref" in it means.

#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>

#include "base/error.h"

namespace mill::grammar {

using Json = nlohmann::ordered_json;

class SchemaIndex {
 public:
  // The schema outlives the index. Refused: nesting deeper than kDepthMax, more than kValuesMax
  // values.
  static Result<SchemaIndex> of(const Json& schema);

  static constexpr int kDepthMax = 400;
  static constexpr size_t kValuesMax = 2'000'000;

  std::string path_of(const Json* part) const;  // a JSON pointer: "#/properties/a"
  // A part that was made up in the place of another one.
  void place(const Json* made_up, const Json* instead_of);

  // What `reference` means within `part`; refused if it leads nowhere or out of the document.
  Result<const Json*> resolve(const Json* part, const std::string& reference) const;

  template <class... Args>
  std::unexpected<Error> refuse(const Json* part, ErrorKind kind,
                                fmt::format_string<Args...> format, Args&&... args) const {
    return within(path_of(part), Error{kind, fmt::format(format, std::forward<Args>(args)...)});
  }

 private:
  struct Place {
    const Json* parent = nullptr;
    std::string step;                // the key or the index in the parent
    const Json* resource = nullptr;  // the nearest part around it with an $id
  };

  Result<void> visit(const Json& part, Place place, int depth);
  void visit_names(const Json& part, Place& place);
  const Json* pointed(const Json* root, const std::string& pointer) const;

  const Json* root_ = nullptr;
  std::unordered_map<const Json*, Place> places_;
  std::unordered_map<std::string, const Json*> ids_;      // without fragment
  std::unordered_map<std::string, const Json*> anchors_;  // without '#'
};

}  // namespace mill::grammar
