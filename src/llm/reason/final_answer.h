#pragma once
// What a worked answer comes to: the number that it ends in, written in one way, so that answers
// can be counted and compared.

#include <optional>
#include <string>
#include <string_view>

namespace mill::llm {

// The first number behind the last mark that announces it ("####" as GSM8K writes, "\boxed{",
// "answer is", "answer:"; capitals or not), or, without a mark, the last number of the text; none
// if there is no number at all. 1,024.50 and $1024.5 are the same: thousands are not parted, no
// zeros lead or trail, and zero has no sign.
//
//   "16 - 3 - 4 = 9, so she makes 9 * 2 = $18.00 a day. #### 18.0"  →  "18"
std::optional<std::string> final_number(std::string_view text);

}  // namespace mill::llm
