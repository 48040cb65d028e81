#include "llm/reason/beam.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mill::llm {

Result<uint32_t> fork_of(std::string_view method, uint32_t n) {
  if (n < kFork || n % kFork == 0) return std::min(n, kFork);
  return fail(ErrorKind::invalid,
              "'{}' needs an n that is a multiple of {}, or less, not {}: what is kept goes on in "
              "{} ways",
              method, kFork, n, kFork);
}

Beam::Beam(BeamOptions options, VerifierPointer verifier)
    : options_(options),
      verifier_(std::move(verifier)),
      lines_(size_t{options.kept} * options.fork),
      out_(options.kept * options.fork),
      kept_(options.kept) {}

std::vector<PathStart> Beam::begin() const {
  const uint32_t width = options_.kept * options_.fork;
  std::vector<PathStart> starts;
  for (uint32_t place = 0; place < width; ++place)
    starts.push_back(
        {.path = number(place), .step = options_.steps > 1, .tokens_max = options_.budget / width});
  return starts;
}

Verdict Beam::ended(const PathEnd& end) {
  Verdict verdict;
  std::string why;
  take(end, why);
  verdict.note = fmt::format("Path {}, step {}: {}", end.path + 1, step_ + 1, why);
  if (--out_ == 0) verdict.begin = next_step();
  if (!verdict.begin.empty()) verdict.note += fmt::format("; {} go on", verdict.begin.size());
  return verdict;
}

// By the likelihood of all of its answer, not of the last line alone.
void Beam::take(const PathEnd& end, std::string& why) {
  Line& line = lines_[end.path - number(0)];
  line.tokens += end.tokens;
  line.logprobs += end.logprob_mean * end.tokens;
  line.open = end.step && !end.cut;
  used_ += end.tokens;
  if (end.step) longest_ = std::max(longest_, end.tokens);
  PathEnd all = end;
  all.logprob_mean = line.logprobs / std::max(1U, line.tokens);
  line.found = judged(*verifier_, all, why);
  if (line.open || line.found.cut) return;
  if (!whole_ || line.found.rank() < whole_->rank()) whole_ = line.found;
}

std::vector<Beam::Line> Beam::going_on() {
  std::ranges::sort(lines_, {}, [](const Line& it) { return it.found.rank(); });
  part_ = lines_.front().found;
  if (whole_ && whole_->right.value_or(false)) return {};
  std::vector<Line> on(lines_.begin(),
                       lines_.begin() + std::min<ptrdiff_t>(kept_, std::ssize(lines_)));
  std::erase_if(on, [](const Line& it) { return !it.open; });
  kept_ = static_cast<uint32_t>(on.size());
  return on;
}

std::vector<PathStart> Beam::next_step() {
  std::vector<Line> on = going_on();
  if (on.empty() || ++step_ == options_.steps) return {};
  const bool last = step_ + 1 == options_.steps;
  if (options_.budget == 0) return forked(on, options_.fork, 0, last);
  const uint32_t left = options_.budget - std::min(used_, options_.budget);
  const uint32_t share = left / static_cast<uint32_t>(on.size() * options_.fork);
  if (share > 0 && share >= longest_) return forked(on, options_.fork, share, last);
  step_ = options_.steps - 1;
  on.resize(1);
  return left == 0 ? std::vector<PathStart>() : forked(on, 1, left, true);
}

std::vector<PathStart> Beam::forked(const std::vector<Line>& on, uint32_t fork, uint32_t share,
                                    bool last) {
  std::vector<PathStart> starts;
  lines_.clear();
  for (const Line& line : on) {
    for (uint32_t i = 0; i < fork; ++i) {
      starts.push_back({.path = number(static_cast<uint32_t>(lines_.size())),
                        .from = PathStart::From::step,
                        .after = line.found.path,
                        .step = !last,
                        .tokens_max = share});
      lines_.push_back(line);
    }
  }
  out_ = static_cast<uint32_t>(lines_.size());
  return starts;
}

}  // namespace mill::llm
