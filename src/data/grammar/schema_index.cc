#include "data/grammar/schema_index.h"

#include <charconv>
#include <vector>

namespace mill::grammar {
namespace {

std::string replaced(const std::string& text, std::string_view from, std::string_view to) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const bool here = std::string_view(text).substr(at).starts_with(from);
    out += here ? to : std::string_view(text).substr(at, 1);
    at += here ? from.size() : 1;
  }
  return out;
}

std::string pointer_step(const std::string& key) {
  return replaced(replaced(key, "~", "~0"), "/", "~1");
}

// %41 in a reference's fragment.
std::string percent_decoded(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    int byte = 0;
    const char* digits = text.data() + i + 1;
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    out += escape ? static_cast<char>(byte) : text[i];
    if (escape) i += 2;
  }
  return out;
}

std::string without_fragment(const std::string& uri) { return uri.substr(0, uri.find('#')); }

}  // namespace

Result<SchemaIndex> SchemaIndex::of(const Json& schema) {
  SchemaIndex index;
  index.root_ = &schema;
  TRY(index.visit(schema, {.parent = nullptr, .step = {}, .resource = &schema}, 0));
  return index;
}

Result<void> SchemaIndex::visit(const Json& part, Place place, int depth) {
  if (depth > kDepthMax)
    return fail(ErrorKind::exhausted, "the schema is nested deeper than {} levels", kDepthMax);
  if (places_.size() >= kValuesMax)
    return fail(ErrorKind::exhausted, "the schema has more than {} values", kValuesMax);
  if (part.is_object()) visit_names(part, place);
  const Json* resource = place.resource;
  places_.emplace(&part, std::move(place));
  if (part.is_object())
    for (const auto& [key, value] : part.items())
      TRY(visit(value, {.parent = &part, .step = key, .resource = resource}, depth + 1));
  if (part.is_array())
    for (size_t i = 0; i < part.size(); ++i)
      TRY(visit(part[i], {.parent = &part, .step = std::to_string(i), .resource = resource},
                depth + 1));
  return {};
}

void SchemaIndex::visit_names(const Json& part, Place& place) {
  for (const char* name : {"$id", "id"}) {
    const auto at = part.find(name);
    if (at == part.end() || !at->is_string()) continue;
    const auto& id = at->get_ref<const std::string&>();
    if (id.starts_with("#")) {
      anchors_.try_emplace(id.substr(1), &part);
    } else {
      ids_.try_emplace(without_fragment(id), &part);
      place.resource = &part;
    }
  }
  for (const char* name : {"$anchor", "$dynamicAnchor"}) {
    const auto at = part.find(name);
    if (at != part.end() && at->is_string())
      anchors_.try_emplace(at->get_ref<const std::string&>(), &part);
  }
}

std::string SchemaIndex::path_of(const Json* part) const {
  std::vector<const std::string*> steps;
  for (auto at = places_.find(part); at != places_.end() && at->second.parent != nullptr;
       at = places_.find(at->second.parent))
    steps.push_back(&at->second.step);
  std::string out = "#";
  for (; !steps.empty(); steps.pop_back())
    if (!steps.back()->empty()) out += fmt::format("/{}", pointer_step(*steps.back()));
  return out;
}

void SchemaIndex::place(const Json* made_up, const Json* instead_of) {
  const auto at = places_.find(instead_of);
  Place place =
      at == places_.end() ? Place{.parent = nullptr, .step = {}, .resource = root_} : at->second;
  places_.insert_or_assign(made_up, std::move(place));
}

const Json* SchemaIndex::pointed(const Json* root, const std::string& pointer) const {
  const Json* at = root;
  for (size_t from = 1; from <= pointer.size() && at != nullptr;) {
    const size_t end = std::min(pointer.find('/', from), pointer.size());
    const std::string step =
        replaced(replaced(percent_decoded(pointer.substr(from, end - from)), "~1", "/"), "~0", "~");
    size_t index = 0;
    if (at->is_object()) {
      const auto found = at->find(step);
      at = found == at->end() ? nullptr : &*found;
    } else if (at->is_array() &&
               std::from_chars(step.data(), step.data() + step.size(), index).ptr ==
                   step.data() + step.size() &&
               !step.empty() && index < at->size()) {
      at = &(*at)[index];
    } else {
      at = nullptr;
    }
    from = end + 1;
  }
  return at;
}

Result<const Json*> SchemaIndex::resolve(const Json* part, const std::string& reference) const {
  const size_t hash = std::min(reference.find('#'), reference.size());
  const std::string uri = reference.substr(0, hash);
  const std::string fragment = hash < reference.size() ? reference.substr(hash + 1) : "";
  std::vector<const Json*> roots;
  if (uri.empty()) {
    const auto place = places_.find(part);
    if (place != places_.end()) roots.push_back(place->second.resource);
    roots.push_back(root_);
  } else {
    for (const auto& [id, resource] : ids_)
      if (id == uri || id.ends_with(fmt::format("/{}", uri))) roots.push_back(resource);
  }
  for (const Json* root : roots) {
    if (fragment.empty()) return root;
    if (fragment.starts_with("/")) {
      if (const Json* found = pointed(root, fragment)) return found;
    } else if (const auto anchor = anchors_.find(fragment); anchor != anchors_.end()) {
      return anchor->second;
    }
  }
  return refuse(part, ErrorKind::unsupported,
                "\"$ref\": \"{}\" leads to nothing in this schema; put what it means under $defs",
                reference);
}

}  // namespace mill::grammar
