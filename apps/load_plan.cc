#include "apps/load_plan.h"

#include <charconv>
#include <cmath>

#include "apps/load_words.h"
#include "llm/sample/random.h"

namespace mill::apps {
namespace {

constexpr uint32_t kSharedTexts = 4;  // as a service has a few system prompts
constexpr uint32_t kLongest = 1'000'000;

// Streams of random numbers that never meet: those of a request, of its words, of a shared text.
enum Stream : uint64_t { kRequests = 1, kWords = 2, kShared = 3, kArrivals = 4 };

uint64_t seed_of(uint64_t seed, Stream stream, uint64_t which) {
  return llm::random_bits(llm::random_bits(seed, stream), which);
}

double unit(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

uint32_t within_range(Range range, uint64_t bits) {
  const uint64_t values = uint64_t{range.most} - range.least + 1;
  return range.least + static_cast<uint32_t>(llm::scale_below(bits, values));
}

void add_words(std::string& text, uint64_t seed, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    if (!text.empty()) text += ' ';
    text += kLoadWords[llm::scale_below(llm::random_bits(seed, i), kLoadWords.size())];
  }
}

Result<void> check_share(const char* option, double share) {
  if (share >= 0 && share <= 1) return {};
  return fail(ErrorKind::invalid, "{} {} is no share of the requests; it goes from 0 to 1", option,
              share);
}

}  // namespace

Result<Range> parse_range(const std::string& text) {
  Range range;
  const char* end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, range.least);
  range.most = range.least;
  if (read.ec == std::errc() && read.ptr != end && *read.ptr == '-')
    read = std::from_chars(read.ptr + 1, end, range.most);
  if (read.ec != std::errc() || read.ptr != end || range.least == 0 || range.most < range.least ||
      range.most > kLongest)
    return fail(ErrorKind::invalid, "'{}' is no range; write it like 32-512 or 64", text);
  return range;
}

Result<void> LoadPlan::validate() const {
  TRY(check_share("--shared-prefix", shared_prefix));
  return check_share("--vanish", vanish);
}

LoadRequest request_of(const LoadPlan& plan, uint64_t number) {
  const uint64_t seed = seed_of(plan.seed, kRequests, number);
  const auto draw = [seed](uint64_t n) { return llm::random_bits(seed, n); };
  LoadRequest request{.number = number,
                      .prompt_words = within_range(plan.prompt_words, draw(0)),
                      .answer_tokens = within_range(plan.answer_tokens, draw(1)),
                      .shared = {},
                      .vanish_after = {}};
  if (unit(draw(2)) < plan.shared_prefix)
    request.shared = static_cast<uint32_t>(llm::scale_below(draw(3), kSharedTexts));
  if (unit(draw(4)) < plan.vanish)
    request.vanish_after = static_cast<uint32_t>(llm::scale_below(draw(5), request.answer_tokens));
  return request;
}

std::string prompt_of(const LoadPlan& plan, const LoadRequest& request) {
  std::string text;
  const uint32_t shared = request.shared ? request.prompt_words * 3 / 4 : 0;
  if (shared > 0) add_words(text, seed_of(plan.seed, kShared, *request.shared), shared);
  add_words(text, seed_of(plan.seed, kWords, request.number), request.prompt_words - shared);
  return text;
}

// The gap whose chance to be longer is u: P(gap > t) = exp(-rate·t). u is never 0.
double PoissonClock::next_s() {
  const double u = 1 - unit(llm::random_bits(seed_of(seed_, kArrivals, 0), drawn_++));
  return now_s_ += -std::log(u) / rate_;
}

}  // namespace mill::apps
