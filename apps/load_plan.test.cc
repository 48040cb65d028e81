#include "apps/load_plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace mill::apps {
namespace {

size_t words_in(const std::string& text) {
  return static_cast<size_t>(std::ranges::count(text, ' ')) + 1;
}

bool same(const LoadRequest& a, const LoadRequest& b) {
  return a.number == b.number && a.prompt_words == b.prompt_words &&
         a.answer_tokens == b.answer_tokens && a.shared == b.shared &&
         a.vanish_after == b.vanish_after;
}

TEST_CASE("a range is read, and what is none is told") {
  const Range range = parse_range("32-512").value();
  CHECK(range.least == 32);
  CHECK(range.most == 512);
  CHECK(parse_range("64").value().most == 64);
  for (const char* wrong : {"", "x", "0-4", "9-3", "4-", "-4", "4-5-6", "4 - 5", "1-99999999999"}) {
    CAPTURE(wrong);
    REQUIRE_FALSE(parse_range(wrong).has_value());
    CHECK(parse_range(wrong).error().message.find("32-512") != std::string::npos);
  }
}

TEST_CASE("a request follows from the seed and its number") {
  const LoadPlan plan, other{.seed = 2};
  int different = 0;
  for (uint64_t n = 0; n < 100; ++n) {
    CHECK(same(request_of(plan, n), request_of(plan, n)));
    CHECK(prompt_of(plan, request_of(plan, n)) == prompt_of(plan, request_of(plan, n)));
    different += prompt_of(plan, request_of(plan, n)) != prompt_of(other, request_of(other, n));
  }
  CHECK(different == 100);
}

TEST_CASE("lengths and shares are those of the plan") {
  const LoadPlan plan{.prompt_words = {3, 5}, .answer_tokens = {2, 4}};
  constexpr int kRequests = 20'000;
  int shared = 0, vanishing = 0;
  std::set<uint32_t> prompts, answers;
  for (uint64_t n = 0; n < kRequests; ++n) {
    const LoadRequest request = request_of(plan, n);
    prompts.insert(request.prompt_words);
    answers.insert(request.answer_tokens);
    shared += request.shared.has_value();
    vanishing += request.vanish_after.has_value();
    if (request.vanish_after) CHECK(*request.vanish_after < request.answer_tokens);
    if (n < 100) CHECK(words_in(prompt_of(plan, request)) == request.prompt_words);
  }
  CHECK(prompts == std::set<uint32_t>{3, 4, 5});
  CHECK(answers == std::set<uint32_t>{2, 3, 4});
  // The deviation of a share of 0.3 in 20,000 is 0.0032; four of them.
  CHECK(shared / double{kRequests} == doctest::Approx(0.3).epsilon(0.045));
  CHECK(vanishing / double{kRequests} == doctest::Approx(0.1).epsilon(0.09));
}

TEST_CASE("what is shared are three quarters of the prompt, and the rest is its own") {
  const LoadPlan plan{.prompt_words = {40, 40}, .shared_prefix = 1};
  std::set<std::string> beginnings, prompts;
  for (uint64_t n = 0; n < 200; ++n) {
    const std::string prompt = prompt_of(plan, request_of(plan, n));
    prompts.insert(prompt);
    size_t end = 0;
    for (int word = 0; word < 30; ++word) end = prompt.find(' ', end + 1);
    beginnings.insert(prompt.substr(0, end));
  }
  CHECK(beginnings.size() == 4);
  CHECK(prompts.size() == 200);
}

TEST_CASE("shares outside of 0 to 1 are refused") {
  CHECK(LoadPlan{}.validate().has_value());
  CHECK_FALSE(LoadPlan{.shared_prefix = 1.5}.validate().has_value());
  CHECK_FALSE(LoadPlan{.vanish = -0.1}.validate().has_value());
  CHECK_FALSE(LoadPlan{.vanish = std::nan("")}.validate().has_value());
}

TEST_CASE("arrivals are as many as the rate says, and as irregular as chance") {
  PoissonClock clock(7, 50), again(7, 50);
  constexpr int kArrivals = 20'000;
  double last = 0, squares = 0;
  for (int i = 0; i < kArrivals; ++i) {
    const double at = clock.next_s();
    CHECK(at == again.next_s());
    CHECK(at >= last);
    squares += (at - last) * (at - last);
    last = at;
  }
  const double mean = last / kArrivals;
  CHECK(mean == doctest::Approx(0.02).epsilon(0.03));
  // An exponential gap deviates as much as its mean, so that its mean square is twice the square.
  CHECK(squares / kArrivals == doctest::Approx(2 * mean * mean).epsilon(0.1));
}

}  // namespace
}  // namespace mill::apps
