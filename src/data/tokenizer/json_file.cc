#include "data/tokenizer/json_file.h"

#include <limits>

namespace mill::tok {

using nlohmann::json;

JsonFile::Text JsonFile::keep(std::string_view text) {
  texts_ += text;
  return {texts_.size() - text.size(), text.size()};
}

// Listens to the parser. Depth counts the containers that are open around an event:
//   {"model": {"vocab": {"the": 5}, "merges": ["t h", ["th", "e"]]}}
//    1        2         3            3               4
// Returning false keeps a value out of the tree.
class JsonFile::Reader {
 public:
  explicit Reader(JsonFile& file) : file_(file) {}

  std::string error;

  bool operator()(int depth, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::key) return key(depth, value.get_ref<const std::string&>());
    if (!in_model_ || section_ == Section::other) return true;
    if (event == json::parse_event_t::value) return this->value(depth, value);
    if (event == json::parse_event_t::array_start && section_ == Section::merges) {
      file_.has_merges_ = true;
      if (depth == 3) pair_begin_ = file_.parts_.size();
    }
    if (event == json::parse_event_t::array_end && section_ == Section::merges && depth == 3) {
      if (file_.parts_.size() != pair_begin_ + 2) complain("a merge that is no pair");
      return false;
    }
    return true;
  }

 private:
  enum class Section { other, vocab, merges };

  bool key(int depth, const std::string& name) {
    if (depth == 1) in_model_ = name == "model";
    if (depth == 1) section_ = Section::other;
    if (in_model_ && depth == 2)
      section_ = name == "vocab"    ? Section::vocab
                 : name == "merges" ? Section::merges
                                    : Section::other;
    if (!in_model_ || section_ != Section::vocab || depth != 3) return true;
    key_ = name;
    return false;
  }

  bool value(int depth, const json& value) {
    if (section_ == Section::vocab && depth == 3) {
      take_entry(value);
    } else if (section_ == Section::merges && depth == 3) {
      take_written_pair(value);
    } else if (section_ == Section::merges && depth == 4) {
      if (!value.is_string())
        complain("a merge that is no pair of strings");
      else
        file_.parts_.push_back(file_.keep(value.get_ref<const std::string&>()));
    } else {
      return depth < 3;
    }
    return false;
  }

  void take_entry(const json& value) {
    if (!value.is_number_integer() || value < 0 || value > std::numeric_limits<int32_t>::max())
      return complain("an id of model.vocab that is no number from 0 to 2147483647");
    file_.entries_.push_back({file_.keep(key_), value.get<int64_t>()});
  }

  // The older form: "left right".
  void take_written_pair(const json& value) {
    if (!value.is_string()) return complain("a merge that is no pair of strings");
    const std::string_view text = value.get_ref<const std::string&>();
    const size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos)
      return complain("a merge that is not 'left right'");
    file_.parts_.push_back(file_.keep(text.substr(0, space)));
    file_.parts_.push_back(file_.keep(text.substr(space + 1)));
  }

  void complain(std::string_view what) {
    if (error.empty()) error = what;
  }

  JsonFile& file_;
  bool in_model_ = false;
  Section section_ = Section::other;
  std::string key_;
  size_t pair_begin_ = 0;
};

Result<JsonFile> JsonFile::parse(std::string_view text) {
  JsonFile file;
  file.texts_.reserve(text.size() / 2);
  Reader reader(file);
  try {
    file.rest = json::parse(text.begin(), text.end(), std::ref(reader));
  } catch (const json::exception& error) {
    return fail(ErrorKind::invalid, "no valid JSON: {}", error.what());
  }
  if (!reader.error.empty()) return fail(ErrorKind::invalid, "it has {}", reader.error);
  if (!file.rest.is_object() || !file.rest.contains("model") || !file.rest["model"].is_object())
    return fail(ErrorKind::invalid, "it has no \"model\" object, so it is no tokenizer.json");
  return file;
}

}  // namespace mill::tok
