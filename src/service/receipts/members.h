#pragma once
// Members of a receipt's objects by name and type. What is missing or of another type reads as
// nothing, and the first such member is remembered.

#include <charconv>
#include <concepts>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace mill::receipts {

class Members {
 public:
  using Json = nlohmann::json;

  const Json& at(const Json& object, const char* name) {
    static const Json kNothing;
    if (object.is_object() && object.contains(name)) return object[name];
    note(name);
    return kNothing;
  }

  std::string text(const Json& object, const char* name) { return text_of(at(object, name), name); }
  bool flag(const Json& object, const char* name) {
    const Json& value = at(object, name);
    if (!value.is_boolean()) note(name);
    return value == true;
  }
  template <std::integral Int>
  Int whole(const Json& object, const char* name) {
    return whole_of<Int>(at(object, name), name);
  }
  // Numbers that are written as strings.
  template <class Number>
  Number written(const Json& object, const char* name) {
    return written_of<Number>(at(object, name), name);
  }

  std::string text_of(const Json& value, const char* name) {
    if (value.is_string()) return value.get<std::string>();
    note(name);
    return {};
  }
  template <std::integral Int>
  Int whole_of(const Json& value, const char* name) {
    const bool fits = value.is_number_unsigned()
                          ? std::in_range<Int>(value.get<uint64_t>())
                          : value.is_number_integer() && std::in_range<Int>(value.get<int64_t>());
    if (fits) return value.get<Int>();
    note(name);
    return {};
  }
  template <class Number>
  Number written_of(const Json& value, const char* name) {
    const std::string digits = text_of(value, name);
    Number number{};
    const char* end = digits.data() + digits.size();
    if (const auto read = std::from_chars(digits.data(), end, number);
        read.ec != std::errc() || read.ptr != end)
      note(name);
    return number;
  }

  // Of an array, what each of it is.
  template <class Each>
  auto list_of(const Json& array, const char* name, Each each) {
    std::vector<decltype(each(array))> out;
    if (!array.is_array()) note(name);
    if (array.is_array())
      for (const Json& value : array) out.push_back(each(value));
    return out;
  }
  template <class Each>
  auto list(const Json& object, const char* name, Each each) {
    return list_of(at(object, name), name, each);
  }

  const std::string& wrong() const { return wrong_; }  // "" = nothing

  void note(const char* name) {
    if (wrong_.empty()) wrong_ = name;
  }

 private:
  std::string wrong_;
};

}  // namespace mill::receipts
