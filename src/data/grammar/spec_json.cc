#include "data/grammar/spec_json.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace mill::grammar {
namespace {

constexpr int kPartsDepthMax = 40;

// In the order of SpecKind and of Notation.
constexpr std::array kKinds = {"literal", "json_schema", "arguments", "regex",    "ebnf",
                               "until",   "sequence",    "choice",    "repeated", "shared"};
constexpr std::array kNotations = {"json", "python", "tagged"};

class Writer {
 public:
  Json json(const Spec& spec) {
    Json out = {{"kind", kKinds.at(static_cast<size_t>(spec.kind))}};
    switch (spec.kind) {
      case SpecKind::until:
        out["stops"] = spec.stops;
        [[fallthrough]];
      case SpecKind::literal:
      case SpecKind::regex:
      case SpecKind::ebnf:
        out["text"] = spec.text;
        return out;
      case SpecKind::arguments:
        out["notation"] = kNotations.at(static_cast<size_t>(spec.notation));
        [[fallthrough]];
      case SpecKind::json_schema:
        out["schema"] = spec.schema;
        return out;
      case SpecKind::repeated:
        out["min"] = spec.min;
        out["max"] = spec.max;
        [[fallthrough]];
      case SpecKind::sequence:
      case SpecKind::choice:
        out["parts"] = Json::array();
        for (const Spec& part : spec.parts) out["parts"].push_back(json(part));
        return out;
      case SpecKind::shared:
        return shared(std::move(out), *spec.one);
    }
    return out;
  }

 private:
  Json shared(Json out, const Spec& part) {
    const auto [at, fresh] = ids_.try_emplace(&part, ids_.size());
    out["id"] = at->second;
    if (fresh) out["part"] = json(part);
    return out;
  }

  std::map<const Spec*, size_t> ids_;
};

template <size_t count>
Result<size_t> index_in(const std::array<const char*, count>& names, const Json& name) {
  const auto at = std::find_if(names.begin(), names.end(), [&](auto it) { return name == it; });
  if (at != names.end()) return static_cast<size_t>(at - names.begin());
  return fail(ErrorKind::invalid, "a part of the grammar is of a kind that is not known here");
}

class Reader {
 public:
  Result<Spec> spec(const Json& json) {
    if (!json.is_object()) return fail(ErrorKind::invalid, "a part of the grammar is no object");
    if (++depth_ > kPartsDepthMax)
      return fail(ErrorKind::exhausted, "the grammar's parts are nested too deep");
    TRY_ASSIGN(const size_t kind, index_in(kKinds, json.value("kind", Json())));
    Spec out{.kind = static_cast<SpecKind>(kind)};
    TRY(fill(out, json));
    --depth_;
    return out;
  }

 private:
  Result<void> fill(Spec& out, const Json& json) {
    switch (out.kind) {
      case SpecKind::until:
        TRY(texts(json, out.stops));
        [[fallthrough]];
      case SpecKind::literal:
      case SpecKind::regex:
      case SpecKind::ebnf:
        return text(json.value("text", Json()), out.text);
      case SpecKind::arguments: {
        TRY_ASSIGN(const size_t notation, index_in(kNotations, json.value("notation", Json())));
        out.notation = static_cast<Notation>(notation);
        [[fallthrough]];
      }
      case SpecKind::json_schema:
        out.schema = json.value("schema", Json());
        return {};
      case SpecKind::repeated:
        TRY(number(json.value("min", Json()), out.min));
        TRY(number(json.value("max", Json()), out.max));
        [[fallthrough]];
      case SpecKind::sequence:
      case SpecKind::choice:
        return parts(json.value("parts", Json()), out.parts);
      case SpecKind::shared:
        return shared(json, out.one);
    }
    return {};
  }

  static Result<void> text(const Json& value, std::string& out) {
    if (!value.is_string()) return fail(ErrorKind::invalid, "a text of the grammar is no string");
    out = value.get<std::string>();
    return {};
  }

  static Result<void> number(const Json& value, uint32_t& out) {
    if (!value.is_number_unsigned() || value.get<uint64_t>() > kForever)
      return fail(ErrorKind::invalid, "a count of the grammar is no whole number of 32 bits");
    out = value.get<uint32_t>();
    return {};
  }

  static Result<void> texts(const Json& json, std::vector<std::string>& out) {
    const Json list = json.value("stops", Json());
    if (!list.is_array()) return fail(ErrorKind::invalid, "'stops' of the grammar is no array");
    for (const Json& each : list) TRY(text(each, out.emplace_back()));
    return {};
  }

  Result<void> parts(const Json& list, std::vector<Spec>& out) {
    if (!list.is_array()) return fail(ErrorKind::invalid, "'parts' of the grammar is no array");
    for (const Json& each : list) {
      TRY_ASSIGN(out.emplace_back(), spec(each));
    }
    return {};
  }

  Result<void> shared(const Json& json, std::shared_ptr<const Spec>& out) {
    uint32_t id = 0;
    TRY(number(json.value("id", Json()), id));
    if (const auto at = shared_.find(id); at != shared_.end()) {
      out = at->second;
      return {};
    }
    TRY_ASSIGN(Spec part, spec(json.value("part", Json())));
    out = shared_[id] = std::make_shared<const Spec>(std::move(part));
    return {};
  }

  std::map<uint32_t, std::shared_ptr<const Spec>> shared_;
  int depth_ = 0;
};

}  // namespace

std::string spec_json(const Spec& spec) {
  return Writer().json(spec).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Spec> spec_of(const Json& json) { return Reader().spec(json); }

}  // namespace mill::grammar
