#include "data/template/text_search.h"

#include <algorithm>

#include "data/template/code_points.h"
#include "data/template/runtime.h"
#include "data/template/text_functions.h"

namespace mill::jinja {

namespace {

Result<std::string_view> wanted(Runtime& runtime, const Value& value) {
  return text_argument(runtime, value, "the part to look for");
}

}  // namespace

Result<std::string_view> part(Runtime& runtime, const Value& text, const Value& start,
                              const Value& end) {
  const std::string_view whole = text.as<Text>()->utf8;
  TRY(runtime.charge_bytes(whole.size()));
  if (start.is_none() && end.is_none()) return whole;
  const auto at = code_point_offsets(whole);
  const auto size = static_cast<std::int64_t>(at.size()) - 1;
  const auto place = [&](const Value& value, std::int64_t otherwise) -> Result<std::int64_t> {
    if (value.is_none()) return otherwise;
    TRY_ASSIGN(const std::int64_t i, integer_argument(runtime, value, "a position"));
    return i < 0 ? std::max<std::int64_t>(i + size, 0) : i;
  };
  TRY_ASSIGN(const std::int64_t first, place(start, 0));
  TRY_ASSIGN(const std::int64_t last, place(end, size));
  // Beyond the end nothing is found, not even ''; the null view tells.
  if (first > size || first > std::min(last, size)) return std::string_view();
  const std::size_t begin = at[static_cast<std::size_t>(first)];
  return whole.substr(begin, at[static_cast<std::size_t>(std::min(last, size))] - begin);
}

namespace {

// Byte offset in the whole text, or npos.
Result<std::size_t> position(Runtime& runtime, const Value& self, const Bound& given, bool last) {
  TRY_ASSIGN(const auto what, wanted(runtime, given[0]));
  TRY_ASSIGN(const auto inside, part(runtime, self, given[1], given[2]));
  if (inside.data() == nullptr) return std::string_view::npos;
  const std::size_t at = last ? inside.rfind(what) : inside.find(what);
  if (at == std::string_view::npos) return at;
  return at + static_cast<std::size_t>(inside.data() - self.as<Text>()->utf8.data());
}

Value as_code_points(const Value& self, std::size_t bytes) {
  const std::string_view before = std::string_view(self.as<Text>()->utf8).substr(0, bytes);
  return Value(static_cast<std::int64_t>(count_code_points(before)));
}

template <bool Last>
Result<Value> find(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const std::size_t at, position(runtime, self, given, Last));
  return at == std::string_view::npos ? Value(std::int64_t{-1}) : as_code_points(self, at);
}

template <bool Last>
Result<Value> index(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const std::size_t at, position(runtime, self, given, Last));
  if (at == std::string_view::npos) return runtime.fail("substring not found");
  return as_code_points(self, at);
}

// (before, separator, after); where it is not found the text and two empty ones.
template <bool Last>
Result<Value> partition(Runtime& runtime, const Value& self, const Bound& given) {
  const std::string_view text = self.as<Text>()->utf8;
  TRY(runtime.charge_bytes(text.size()));
  TRY_ASSIGN(const auto what, wanted(runtime, given[0]));
  if (what.empty()) return runtime.fail("empty separator");
  const std::size_t at = Last ? text.rfind(what) : text.find(what);
  std::string_view parts[3] = {Last ? "" : text, "", Last ? text : ""};
  if (at != std::string_view::npos) {
    parts[0] = text.substr(0, at);
    parts[1] = what;
    parts[2] = text.substr(at + what.size());
  }
  std::vector<Value> items;
  for (const std::string_view one : parts) {
    TRY_ASSIGN(items.emplace_back(), runtime.text(std::string(one), self.as<Text>()->safe));
  }
  return runtime.tuple(std::move(items));
}

using Pieces = std::vector<std::string_view>;

Pieces split_at(std::string_view text, std::string_view separator, std::size_t at_most) {
  Pieces pieces;
  while (pieces.size() < at_most) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) break;
    pieces.push_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  pieces.push_back(text);
  return pieces;
}

Pieces split_at_last(std::string_view text, std::string_view separator, std::size_t at_most) {
  Pieces pieces;
  while (pieces.size() < at_most) {
    const std::size_t at = text.rfind(separator);
    if (at == std::string_view::npos) break;
    pieces.push_back(text.substr(at + separator.size()));
    text = text.substr(0, at);
  }
  pieces.push_back(text);
  std::ranges::reverse(pieces);
  return pieces;
}

// The first run of text that is, or is not, white space.
std::string_view run(std::string_view text, bool space) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size(); end = at)
    if (is_space(next_code_point(text, at)) != space) break;
  return text.substr(0, end);
}

Pieces split_at_space(std::string_view text, std::size_t at_most) {
  Pieces pieces;
  for (;;) {
    text.remove_prefix(run(text, true).size());
    if (text.empty()) return pieces;
    const std::string_view word = pieces.size() < at_most ? run(text, false) : text;
    pieces.push_back(word);
    text.remove_prefix(word.size());
  }
}

Pieces split_at_last_space(std::string_view text, std::size_t at_most) {
  Pieces words = split_at_space(text, std::string_view::npos);
  if (words.size() <= at_most) return words;
  // All but the last `at_most` words stay together, with the blanks between them.
  const std::size_t kept = words.size() - at_most;
  const std::string_view last = words[kept - 1];
  const auto end = static_cast<std::size_t>(last.data() + last.size() - text.data());
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(kept));
  words.insert(words.begin(), text.substr(0, end));
  return words;
}

Result<Value> listed(Runtime& runtime, const Pieces& pieces, bool safe) {
  TRY(runtime.charge(pieces.size()));
  std::vector<Value> items;
  items.reserve(pieces.size());
  for (const std::string_view piece : pieces) {
    TRY_ASSIGN(items.emplace_back(), runtime.text(std::string(piece), safe));
  }
  return runtime.list(std::move(items));
}

template <bool Last>
Result<Value> split(Runtime& runtime, const Value& self, const Bound& given) {
  const Text& text = *self.as<Text>();
  TRY(runtime.charge_bytes(text.utf8.size()));
  std::int64_t count = -1;
  if (given.has(1)) {
    TRY_ASSIGN(count, integer_argument(runtime, given[1], "maxsplit"));
  }
  const std::size_t at_most = count < 0 ? std::string_view::npos : static_cast<std::size_t>(count);
  if (!given.some(0)) {
    // rsplit() with a bound of 0 keeps leading blanks, split() the trailing ones.
    const Pieces words = Last ? split_at_last_space(stripped(text.utf8, Ends::right), at_most)
                              : split_at_space(text.utf8, at_most);
    return listed(runtime, words, text.safe);
  }
  TRY_ASSIGN(const auto separator, text_argument(runtime, given[0], "the separator"));
  if (separator.empty()) return runtime.fail("empty separator");
  return listed(
      runtime,
      Last ? split_at_last(text.utf8, separator, at_most) : split_at(text.utf8, separator, at_most),
      text.safe);
}

}  // namespace

Result<Value> text_count(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const auto what, wanted(runtime, given[0]));
  TRY_ASSIGN(const auto inside, part(runtime, self, given[1], given[2]));
  if (inside.data() == nullptr) return Value(std::int64_t{0});
  if (what.empty()) return Value(static_cast<std::int64_t>(count_code_points(inside)) + 1);
  const Pieces pieces = split_at(inside, what, std::string_view::npos);
  return Value(static_cast<std::int64_t>(pieces.size()) - 1);
}

Result<Value> text_find(Runtime& runtime, const Value& self, const Bound& given) {
  return find<false>(runtime, self, given);
}
Result<Value> text_rfind(Runtime& runtime, const Value& self, const Bound& given) {
  return find<true>(runtime, self, given);
}
Result<Value> text_index(Runtime& runtime, const Value& self, const Bound& given) {
  return index<false>(runtime, self, given);
}
Result<Value> text_rindex(Runtime& runtime, const Value& self, const Bound& given) {
  return index<true>(runtime, self, given);
}
Result<Value> text_partition(Runtime& runtime, const Value& self, const Bound& given) {
  return partition<false>(runtime, self, given);
}
Result<Value> text_rpartition(Runtime& runtime, const Value& self, const Bound& given) {
  return partition<true>(runtime, self, given);
}
Result<Value> text_split(Runtime& runtime, const Value& self, const Bound& given) {
  return split<false>(runtime, self, given);
}
Result<Value> text_rsplit(Runtime& runtime, const Value& self, const Bound& given) {
  return split<true>(runtime, self, given);
}

Result<Value> text_splitlines(Runtime& runtime, const Value& self, const Bound& given) {
  const std::string_view text = self.as<Text>()->utf8;
  TRY(runtime.charge_bytes(text.size()));
  Pieces pieces = lines(text);
  if (given.flag(0, false)) {  // each line with its end: up to where the next one begins
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const char* end = i + 1 < pieces.size() ? pieces[i + 1].data() : text.data() + text.size();
      pieces[i] = {pieces[i].data(), static_cast<std::size_t>(end - pieces[i].data())};
    }
  }
  return listed(runtime, pieces, self.as<Text>()->safe);
}

}  // namespace mill::jinja
