// Searches over steps, in made-up worlds, against references that keep nothing but what has ended.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "llm/reason/judged.h"
#include "llm/reason/search.h"

namespace mill::llm {
namespace {

constexpr uint32_t kPrompt = std::numeric_limits<uint32_t>::max();

struct Grown {
  PathStart start;
  uint32_t parent = kPrompt;
  PathEnd end;  // of the path itself
  std::string text;
  uint32_t tokens = 0;  // of all of its answer
  double logprobs = 0;
};

// What a path says hangs on its seed, its number, and what it goes on from.
class World {
 public:
  World(uint64_t seed, VerifierPointer verifier) : seed_(seed), verifier_(std::move(verifier)) {}

  const PathEnd& end(const PathStart& start) {
    REQUIRE_FALSE(grown_.contains(start.path));
    Grown& it = grown_[start.path];
    it.start = start;
    if (start.from == PathStart::From::step) {
      it.parent = start.after;
      REQUIRE(grown_.at(start.after).end.step);
      it.text = grown_.at(start.after).text;
      it.tokens = grown_.at(start.after).tokens;
      it.logprobs = grown_.at(start.after).logprobs;
    }
    const uint64_t drawn =
        std::mt19937_64(seed_ * 1009 + start.path + uint64_t{it.parent} * 7919)();
    it.end = {.path = start.path,
              .logprob_mean = -static_cast<double>(drawn % 8) / 4,
              .tokens = 2 + static_cast<uint32_t>(drawn >> 8) % 9,
              .step = start.step && (drawn >> 16) % 4 != 0};
    if (start.tokens_max > 0 && it.end.tokens > start.tokens_max) {
      it.end.tokens = start.tokens_max;
      it.end.cut = true;
      it.end.step = false;
    }
    static constexpr const char* kLines[] = {"1 + 1 = 2\n", "hm\n", "1 + 1 = 3\n", "2 + 2 = 4\n"};
    it.text += kLines[(drawn >> 24) % 4];
    if (!start.step) it.text += "so\n";
    it.tokens += it.end.tokens;
    it.logprobs += it.end.logprob_mean * it.end.tokens;
    it.end.text = it.text;
    return it.end;
  }

  // Of all of its answer, as the verifier sees it.
  Judged found(uint32_t path) const {
    const Grown& it = grown_.at(path);
    PathEnd all = it.end;
    all.logprob_mean = it.logprobs / it.tokens;
    std::string why;
    return judged(*verifier_, all, why);
  }
  const Grown& at(uint32_t path) const { return grown_.at(path); }
  const std::map<uint32_t, Grown>& all() const { return grown_; }
  uint64_t tokens() const {
    uint64_t sum = 0;
    for (const auto& [_, it] : grown_) sum += it.end.tokens;
    return sum;
  }

 private:
  uint64_t seed_;
  VerifierPointer verifier_;
  std::map<uint32_t, Grown> grown_;
};

// Whoever is under way ends next: in order, or by chance.
void play(Search& search, World& world, std::mt19937* random) {
  std::vector<PathStart> out = search.begin();
  while (!out.empty()) {
    const auto next = out.begin() + (random ? static_cast<ptrdiff_t>((*random)() % out.size()) : 0);
    const PathStart start = *next;
    out.erase(next);
    REQUIRE(start.path < search.paths());
    const Verdict verdict = search.ended(world.end(start));
    CHECK(verdict.stop.empty());
    out.insert(out.end(), verdict.begin.begin(), verdict.begin.end());
  }
}

struct Best {
  std::optional<Judged> whole, part;
  void see(bool open, const Judged& it) {
    std::optional<Judged>& best = open ? part : whole;
    if (!best || it.rank() < best->rank()) best = it;
  }
};

// Beam search without a budget: paths `first` and up, `stride` from one step to the next.
struct Tree {
  uint32_t first, stride, kept, fork, steps;
};
Best reference_beam(World& world, Tree tree) {
  Best best;
  std::vector<uint32_t> on(tree.kept, kPrompt);
  for (uint32_t step = 0; step < tree.steps && !on.empty(); ++step) {
    std::vector<uint32_t> now;
    Best last;
    for (const uint32_t before : on) {
      for (uint32_t i = 0; i < tree.fork; ++i) {
        PathStart start{.path = tree.first + step * tree.stride + static_cast<uint32_t>(now.size()),
                        .step = step + 1 < tree.steps};
        if (before != kPrompt) start.from = PathStart::From::step;
        if (before != kPrompt) start.after = before;
        now.push_back(start.path);
        const bool open = world.end(start).step;
        best.see(open, world.found(start.path));
        last.see(true, world.found(start.path));
      }
    }
    best.part = last.part;
    if (best.whole && best.whole->right == true) break;
    std::ranges::sort(now, {}, [&](uint32_t path) { return world.found(path).rank(); });
    now.resize(std::min(now.size(), on.size()));
    std::erase_if(now, [&](uint32_t path) { return !world.at(path).end.step; });
    on = now;
  }
  return best;
}

// All that is known is which answers came from which lines.
struct Grove {
  World& world;
  struct Answer {
    std::vector<uint32_t> lines;
    double worth;
  };
  std::vector<Answer> answers = {};
  std::map<uint32_t, std::vector<uint32_t>> children = {};

  double visits(uint32_t line) const {
    return static_cast<double>(std::ranges::count_if(answers, [&](const Answer& it) {
      return line == kPrompt || std::ranges::count(it.lines, line) > 0;
    }));
  }
  double worth(uint32_t line) const {
    double sum = 0;
    for (const Answer& it : answers)
      if (std::ranges::count(it.lines, line) > 0) sum += it.worth;
    return sum / visits(line);
  }
  bool open(uint32_t line) const {
    if (!children.contains(line)) return line == kPrompt || world.at(line).end.step;
    return std::ranges::any_of(children.at(line), [&](uint32_t it) { return open(it); });
  }
  std::vector<uint32_t> selected() const {
    std::vector<uint32_t> way = {kPrompt};
    while (children.contains(way.back())) {
      const uint32_t at = way.back();
      uint32_t next = kPrompt;
      double most = 0;
      for (const uint32_t it : children.at(at)) {
        const double bound = worth(it) + std::sqrt(2 * std::log(visits(at)) / visits(it));
        if (!open(it) || (next != kPrompt && bound <= most)) continue;
        next = it;
        most = bound;
      }
      way.push_back(next);
    }
    return way;
  }
};

std::optional<Judged> reference_mcts(World& world, uint32_t n, bool compares) {
  Grove grove{world};
  Best best;
  for (uint32_t round = 0; round < n / 4 && grove.open(kPrompt); ++round) {
    const std::vector<uint32_t> way = grove.selected();
    std::vector<Grove::Answer> came;
    for (uint32_t i = 0; i < 4; ++i) {
      PathStart line{.path = 8 * round + i, .step = true};
      if (way.size() > 1) line.from = PathStart::From::step;
      if (way.size() > 1) line.after = way.back();
      grove.children[way.back()].push_back(line.path);
      const bool open = world.end(line).step;
      uint32_t last = line.path;
      if (open) {
        last += 4;
        world.end({.path = last, .from = PathStart::From::step, .after = line.path});
      }
      const Judged found = world.found(last);
      best.see(false, found);
      const double judged = !found.right ? 0.5 : *found.right ? 1 : 0;
      came.push_back({way, compares ? std::exp(found.logprob_mean) : judged});
      came.back().lines.push_back(line.path);
    }
    grove.answers.insert(grove.answers.end(), came.begin(), came.end());
    if (best.whole->right == true) break;
  }
  return best.whole;
}

std::unique_ptr<Search> made(const SearchOptions& options) {
  auto search = make_search(options);
  REQUIRE(search.has_value());
  return std::move(*search);
}

uint32_t expected(World& world, const SearchOptions& it) {
  const uint32_t fork = std::min(it.n, 4U), steps = kPathsMax / it.n;
  if (it.method == "mcts") return reference_mcts(world, it.n, it.verifier->compares_only())->path;
  if (it.method == "beam_search") {
    const Best best = reference_beam(world, {0, it.n, it.n / fork, fork, steps});
    return best.whole ? best.whole->path : best.part->path;
  }
  Best all;
  for (uint32_t tree = 0; tree < it.n / fork; ++tree) {
    const Best best = reference_beam(world, {tree * fork, it.n, 1, fork, steps});
    if (best.whole) all.see(false, *best.whole);
    if (best.part) all.see(true, *best.part);
  }
  return all.whole ? all.whole->path : all.part->path;
}

}  // namespace

namespace {

// Whatever the order of ends.
void compare(const SearchOptions& options, uint64_t seed, std::mt19937& random) {
  World known(seed, options.verifier);
  const uint32_t shown = expected(known, options);
  const bool right = known.found(shown).right == true && !known.at(shown).end.step;
  for (std::mt19937* order : {static_cast<std::mt19937*>(nullptr), &random}) {
    World world(seed, options.verifier);
    const auto search = made(options);
    play(*search, world, order);
    CHECK(search->shown() == shown);
    CHECK(search->verified().has_value() == !options.verifier->compares_only());
    CHECK(search->verified().value_or(right) == right);
    REQUIRE(world.all().size() == known.all().size());
    for (const auto& [path, it] : known.all()) CHECK(world.at(path).text == it.text);
  }
}

}  // namespace

TEST_CASE("searches over steps grow the tree that their references grow, whoever ends first") {
  std::mt19937 random(7);
  for (uint64_t seed = 0; seed < 360; ++seed) {
    static constexpr const char* kMethods[] = {"beam_search", "dvts", "mcts"};
    static constexpr uint32_t kN[] = {4, 8, 16};
    const VerifierOptions verifier{.name =
                                       fmt::format("{}", seed % 2 ? "arithmetic" : "likelihood")};
    const SearchOptions options{.method = kMethods[seed / 2 % 3],
                                .n = kN[seed / 6 % 3],
                                .verifier = *make_verifier(verifier)};
    CAPTURE(options.method);
    CAPTURE(verifier.name);
    CAPTURE(seed);
    compare(options, seed, random);
  }
}

TEST_CASE("a budget is kept, however a tree grows, and the order of ends does not change it") {
  std::mt19937 random(3);
  for (const char* method : {"beam_search", "dvts", "mcts"}) {
    for (uint64_t seed = 0; seed < 60; ++seed) {
      CAPTURE(method);
      CAPTURE(seed);
      const auto verifier = *make_verifier({.name = "likelihood"});
      const SearchOptions options{.method = method,
                                  .n = 8,
                                  .budget_tokens = 8 + static_cast<uint32_t>(random() % 400),
                                  .verifier = verifier};
      World straight(seed, verifier), shuffled(seed, verifier);
      const auto one = made(options), other = made(options);
      play(*one, straight, nullptr);
      play(*other, shuffled, &random);
      CHECK(one->shown() == other->shown());
      CHECK(straight.all().size() == shuffled.all().size());
      if (one->tokens_each() > 0) continue;  // whoever runs the paths sees to it
      CHECK(straight.tokens() <= options.budget_tokens);
    }
  }
}

namespace {

std::vector<PathStart> hears(Search& search, uint32_t first,
                             const std::vector<const char*>& texts) {
  std::vector<PathStart> begun;
  for (const char* text : texts) {
    const auto more = search.ended({.path = first++, .text = text, .tokens = 10}).begin;
    begun.insert(begun.end(), more.begin(), more.end());
  }
  return begun;
}

}  // namespace

TEST_CASE("auto: nothing more where four agree, four more until it is sure") {
  const auto easy = made({.method = "auto", .n = 16});
  CHECK(easy->begin().size() == 4);
  CHECK(hears(*easy, 0, {"so 7", "7", "it is 7", "#### 7"}).empty());
  CHECK(easy->shown() == 0);
  CHECK_FALSE(easy->verified().has_value());
  const auto hard = made({.method = "auto", .n = 16});
  const auto more = hears(*hard, 0, {"8", "7", "7", "7"});  // 3 : 1, P = 0.81
  REQUIRE(more.size() == 4);
  CHECK(more[0].path == 4);
  CHECK(hears(*hard, 4, {"7", "7", "7", "7"}).empty());  // 7 : 1, P = 0.98
  CHECK(hard->shown() == 1);
  const auto split = made({.method = "auto", .n = 8});
  CHECK(hears(*split, 0, {"8", "7", "8", "7"}).size() == 4);
  CHECK(hears(*split, 4, {"8", "7", "8", "7"}).empty());  // there are no more
  CHECK(split->shown() == 0);
  const auto prose = made({.method = "auto", .n = 8});
  CHECK(hears(*prose, 0, {"a", "b", "c", "d"}).empty());
}

TEST_CASE("auto: with a verifier, until one is right; over lines where there are some") {
  const auto judged_by = [](const char* verifier) {
    return made({.method = "auto", .n = 16, .verifier = *make_verifier({.name = verifier})});
  };
  const auto easy = judged_by("arithmetic");
  CHECK(hears(*easy, 0, {"1 + 1 = 3", "1 + 1 = 2", "2", "3"}).empty());
  CHECK(easy->shown() == 1);
  CHECK(easy->verified() == true);
  const auto flat = judged_by("arithmetic");
  CHECK(hears(*flat, 0, {"1 + 1 = 3", "4", "5\n", "3"}).size() == 4);
  const auto lines = judged_by("arithmetic");
  const auto begun = hears(*lines, 0, {"hm\n1 + 1 = 3", "a\n4", "b\n5", "3"});
  REQUIRE(begun.size() == 12);
  CHECK(begun[0].path == 4);
  CHECK(begun[0].step);
  CHECK(lines->verified() == false);
  lines->ended({.path = 4, .text = "1 + 1 = 2", .tokens = 5});
  CHECK(lines->shown() == 4);
  CHECK(lines->verified() == true);
}

TEST_CASE("auto: a budget is kept, and the order of ends changes nothing") {
  std::mt19937 random(11);
  for (const char* name : {"likelihood", "arithmetic"}) {
    const auto verifier = *make_verifier({.name = name});
    for (uint64_t seed = 0; seed < 200; ++seed) {
      const SearchOptions options{.method = "auto",
                                  .n = 16,
                                  .budget_tokens = 16 + static_cast<uint32_t>(random() % 300),
                                  .verifier = verifier};
      World straight(seed, verifier), shuffled(seed, verifier);
      const auto one = made(options), other = made(options);
      play(*one, straight, nullptr);
      play(*other, shuffled, &random);
      CHECK(one->shown() == other->shown());
      CHECK(one->verified() == other->verified());
      CHECK(straight.all().size() == shuffled.all().size());
      CHECK(straight.tokens() <= options.budget_tokens);
    }
  }
}

TEST_CASE("what searches over steps cannot do is told") {
  for (const auto& [method, n, complaint] :
       {std::tuple{"beam_search", 6U, "multiple of 4"}, std::tuple{"dvts", 9U, "multiple of 4"},
        std::tuple{"mcts", 256U, "needs an n of 128 or less"}}) {
    const auto none = make_search({.method = method, .n = n});
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().message.find(complaint) != std::string::npos);
  }
}

}  // namespace mill::llm
