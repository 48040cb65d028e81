// An answer is right if all its calculations are, and if it comes to one of their results: that is
// what can be said by doing them again. Whether they are the calculations that were called for, it
// cannot say. An answer without any is not judged.

#include <fmt/format.h>

#include <algorithm>

#include "llm/reason/arithmetic.h"
#include "llm/reason/final_answer.h"
#include "llm/reason/verifier.h"

namespace mill::llm {
namespace {

class Arithmetic : public Verifier {
 public:
  Result<Judgement> judge(const PathEnd& end) const override {
    const Calculations all = calculations(end.text);
    const uint32_t count = all.right + all.wrong;
    if (count == 0) return fail(ErrorKind::unsupported, "it calculates nothing");
    const double share = static_cast<double>(all.right) / count;
    if (all.wrong > 0) return Judgement{.right = false, .score = share, .why = all.first_wrong};
    if (end.step) return Judgement{.right = true, .score = share, .why = "right so far"};
    const auto number = final_number(end.text);
    const auto final = number ? fraction_of(*number) : std::nullopt;
    if (!final || std::ranges::count(all.results, *final) == 0)
      return Judgement{
          .right = false,
          .score = share,
          .why = fmt::format("{} is no result of its calculations", number.value_or("nothing"))};
    return Judgement{.right = true,
                     .score = share,
                     .why = count == 1 ? "its calculation holds"
                                       : fmt::format("its {} calculations hold", count)};
  }
};

}  // namespace

Result<VerifierPointer> arithmetic_verifier(const VerifierOptions&) {
  return std::make_shared<Arithmetic>();
}

}  // namespace mill::llm
