#include "data/tokenizer/gguf_scores.h"

#include <string>
#include <unordered_map>

#include "base/printable.h"
#include "data/tokenizer/text_edit.h"

namespace mill::tok {
namespace {

using nlohmann::json;
using Ids = std::unordered_map<std::string_view, int64_t>;

Ids ids_of(const JsonFile& file) {
  Ids ids;
  ids.reserve(file.vocab_size());
  for (size_t i = 0; i < file.vocab_size(); ++i) ids.emplace(file.entry(i).text, file.entry(i).id);
  return ids;
}

// In how many ways the text is one piece and another.
size_t splits_of(std::string_view text, const Ids& ids) {
  size_t count = 0;
  for (size_t at = 1; at < text.size(); ++at)
    count += ids.contains(text.substr(0, at)) && ids.contains(text.substr(at)) ? 1 : 0;
  return count;
}

// Every merge is a split; so where the counts agree, every split is a merge.
Result<void> check_complete(const Ids& ids, const std::set<std::string_view>& added,
                            size_t merges) {
  size_t splits = 0;
  for (const auto& [text, id] : ids)
    if (!added.contains(text)) splits += splits_of(text, ids);
  if (splits == merges) return {};
  return fail(
      ErrorKind::unsupported,
      "tokenizer.json: {} merges for {} ways to make a piece of two: scores, which is what a "
      "GGUF has, cannot say this; open the folder as it is, or take a GGUF of this model",
      merges, splits);
}

// "Prepend", "Replace" and so on of nested Sequences, in order.
void add_steps(const json& node, const char* members, std::vector<json>& steps) {
  if (node.is_null()) return;
  if (node.value("type", "") != "Sequence") return steps.push_back(node);
  for (const json& step : node.value(members, json::array())) steps.push_back(step);
}

bool marks_spaces(const json& step) {
  return step.value("type", "") == "Replace" && step.value("content", "") == kMetaspace &&
         step.value("pattern", json()) == json{{"String", " "}};
}

// After its spaces are marked, a text has none to be split at.
bool splits_at_spaces(const json& step) {
  return step.value("type", "") == "Split" &&
         step.value("pattern", json()) == json{{"String", " "}};
}

// Whether the step is a Metaspace that puts a ▁ in front; its older form says add_prefix_space.
bool metaspace_prefix(const json& step) {
  const bool older = step.value("add_prefix_space", true);
  return step.value("prepend_scheme", older ? "always" : "never") != "never";
}

}  // namespace

Result<std::vector<double>> piece_scores(const JsonFile& file,
                                         const std::set<std::string_view>& added, size_t size) {
  const Ids ids = ids_of(file);
  const auto ranks = static_cast<double>(file.merges_size());
  std::vector<double> scores(size, -ranks);
  std::string joint;
  size_t merges = 0;
  for (size_t rank = 0; rank < file.merges_size(); ++rank) {
    joint.assign(file.merge(rank).left).append(file.merge(rank).right);
    if (!added.contains(joint)) ++merges;
    const auto found = ids.find(joint);
    if (found == ids.end() || static_cast<size_t>(found->second) >= size) continue;
    double& score = scores[static_cast<size_t>(found->second)];
    if (score == -ranks) score = -static_cast<double>(rank);
  }
  TRY(check_complete(ids, added, merges));
  return scores;
}

Result<bool> space_prefix(const json& tokenizer) {
  std::vector<json> steps;
  add_steps(tokenizer.value("normalizer", json()), "normalizers", steps);
  add_steps(tokenizer.value("pre_tokenizer", json()), "pretokenizers", steps);
  bool prefix = false, marked = false;
  for (const json& step : steps) {
    const std::string type = step.value("type", "");
    const bool prepends = type == "Prepend" && step.value("prepend", "") == kMetaspace;
    const bool metaspace = type == "Metaspace" && step.value("replacement", "") == kMetaspace;
    if (!prepends && !metaspace && !marks_spaces(step) && !(marked && splits_at_spaces(step)))
      return fail(ErrorKind::unsupported,
                  "tokenizer.json: converting the step \"{}\" beside SentencePiece's is not "
                  "supported; open the folder as it is, or take a GGUF of this model",
                  printable(step.dump(), 160));
    prefix = prefix || prepends || (metaspace && metaspace_prefix(step));
    marked = marked || metaspace || marks_spaces(step);
  }
  if (marked) return prefix;
  return fail(ErrorKind::unsupported, "tokenizer.json: byte_fallback without marking spaces by ▁");
}

}  // namespace mill::tok
