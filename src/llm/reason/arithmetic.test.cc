#include "llm/reason/arithmetic.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <random>

namespace mill::llm {

TEST_CASE("calculations are found among words, and done again") {
  struct Row {
    const char* text;
    uint32_t right, wrong;
    const char* first_wrong = "";
  };
  for (const Row& row : {
           Row{"16 - 3 - 4 = 9, so she makes 9 * 2 = $18 a day.", 2, 0},
           Row{"<<16-3-4=9>>9 eggs, <<9*2=18>>18", 2, 0},
           Row{"2 * 3 = 7", 0, 1, "2 * 3 = 7"},
           Row{"so 2 + 2 * 3 = 8 and (2 + 2) * 3 = 12", 2, 0},
           Row{"3 × 4 = 12, 12 ÷ 4 = 3, 5 x 2 = 10, 7 − 9 = -2", 4, 0},
           Row{"1,080 + 20 = 1,100 and $5.50 + $4.50 = $10", 2, 0},
           Row{"1 + 1 = 2 = 4 / 2 = 3", 2, 1, "4 / 2 = 3"},
           Row{"10 / 3 = 3.33, 10 / 3 = 3.34", 1, 1, "10 / 3 = 3.34"},
           Row{"2 / 3 = 0.67, 100 / 3 = 33", 1, 1, "100 / 3 = 33"},
           Row{"20% * 50 = 10, 50 * 20% = 10", 2, 0},
           Row{"- 5 + 3 = 8\n* 2 + 2 = 4\n+ 1 + 1 = 2", 3, 0},
           Row{"-5 + 3 = -2", 1, 0},
           Row{"1) 5 + 3 = 8\n2. 6 + 3 = 9", 1, 0},  // "1) 5 + 3" is no side
           Row{"x = 5, the total = 7, 5 = 5, a = 3 + 4", 0, 0},
           Row{"3 apples + 2 apples = 5 apples", 0, 0},
           Row{"3 + 4 = ", 0, 0},
           Row{"3 + = 4 = 1 + 3", 1, 0},
           Row{"1 / 0 = 7, 0 / 1 = 0", 1, 0},
           Row{"99999999999999999999 + 1 = 2", 0, 0},
           Row{"9000000000000000000 * 9 = 1", 0, 0},
           Row{"((((1 + 1)))) = 2, ) = (", 1, 0},
           Row{"", 0, 0},
       }) {
    CAPTURE(row.text);
    const Calculations found = calculations(row.text);
    CHECK(found.right == row.right);
    CHECK(found.wrong == row.wrong);
    CHECK(found.first_wrong == row.first_wrong);
    CHECK(found.results.size() == found.right + found.wrong);
  }
}

TEST_CASE("numbers as final_number() writes them") {
  CHECK(fraction_of("18") == Fraction{18, 1});
  CHECK(fraction_of("-0.5") == Fraction{-1, 2});
  CHECK(fraction_of("") == std::nullopt);
  CHECK(fraction_of("5 apples") == std::nullopt);
}

// Against the machine's own arithmetic, of numbers that it computes exactly.
TEST_CASE("random calculations come out as the machine computes them") {
  std::mt19937 random(3);
  for (int world = 0; world < 500; ++world) {
    int64_t value = random() % 50;
    std::string text = fmt::format("{}", value);
    for (uint32_t terms = 1 + random() % 4; terms > 0; --terms) {
      const auto next = static_cast<int64_t>(random() % 50);
      const auto kind = random() % 3;
      if (kind == 2) text = fmt::format("({}) * {}", text, next);
      if (kind < 2) text += fmt::format(" {} {}", kind == 0 ? '+' : '-', next);
      value = kind == 2 ? value * next : kind == 0 ? value + next : value - next;
    }
    CAPTURE(text);
    CHECK(calculations(fmt::format("so {} = {}.", text, value)).right == 1);
    CHECK(calculations(fmt::format("so {} = {}.", text, value + 1)).wrong == 1);
  }
}

}  // namespace mill::llm
