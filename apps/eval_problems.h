#pragma once
// Problems with one right answer, a number, as GSM8K keeps them: a JSON object a line,
//   {"question": "A robe takes 2 bolts …", "answer": "It takes 2/2=1 …\n#### 3"}

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace mill::apps {

struct Problem {
  std::string question;
  std::string answer;  // canonical (llm/reason/final_answer.h)
};

// The first `most` of them (0 = all); a line that is none is told by its number.
Result<std::vector<Problem>> read_problems(const std::filesystem::path&, size_t most);

}  // namespace mill::apps
