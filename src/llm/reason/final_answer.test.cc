#include "llm/reason/final_answer.h"

#include <doctest/doctest.h>

namespace mill::llm {

TEST_CASE("the number that an answer comes to, written in one way") {
  struct Row {
    const char* text;
    const char* number;  // "" = none
  };
  for (const Row& row : {
           Row{"16 - 3 - 4 = 9, so she makes 9 * 2 = $18.00 a day. #### 18.0", "18"},
           Row{"#### 1,080", "1080"},
           Row{"#### -0.50", "-0.5"},
           Row{"#### $-5", "-5"},
           Row{"#### -$5", "-5"},
           Row{"#### 007", "7"},
           Row{"#### 0.0", "0"},
           Row{"#### -0", "0"},
           Row{"#### .5", "0.5"},
           Row{"#### -$.25", "-0.25"},
           Row{"the end.5 more", "5"},
           Row{"#### 3\n#### 4", "4"},
           Row{"so the total is 1,234,567.8900", "1234567.89"},
           Row{"1,2,3", "3"},
           Row{"1,2345", "2345"},
           Row{"8-3", "3"},
           Row{"8 - 3", "3"},
           Row{"it fell to -3", "-3"},
           Row{"The Answer is: $42. Then 7 more", "42"},
           Row{"answer: 5\nThe answer is 6, not 9", "6"},
           Row{R"(\boxed{72})", "72"},
           Row{"12 apples. The answer is unknown", "12"},
           Row{"between 10-20%", "20"},
           Row{"3.", "3"},
           Row{"3.14.15", "15"},
           Row{"", ""},
           Row{"none, really", ""},
           Row{"####", ""},
       }) {
    CAPTURE(row.text);
    CHECK(final_number(row.text).value_or("") == row.number);
  }
}

}  // namespace mill::llm
